-- Level 2: where it is done (offices, their hours, their devices), what was done at a counter or a doorstep (visits), what was
-- tried from the phone, what a kit brought back from a trip, and who guides without seeing.

-- An office is a post, an ID office, a vehicle, a market day or a home-visit round: a place with hours. `hours`: weekday
-- ("1" Monday to "7" Sunday) to pairs of times; `days`: where not empty, open on these days only.
CREATE TABLE accounts.office (
    office_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('post', 'id_office', 'mobile', 'market_day', 'home_visit')),
    org_code text NOT NULL,
    unit_id integer NOT NULL,
    place text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    hours jsonb NOT NULL DEFAULT '{}',
    days date[] NOT NULL DEFAULT '{}',
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT office_days_in_order CHECK (valid_to IS NULL OR valid_to > valid_from)
);
CREATE INDEX office_org_idx ON accounts.office (org_code);

-- A device of an office. `public_key`: of a doorstep kit, which signs what it brings.
CREATE TABLE accounts.device (
    device_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    office_id bigint NOT NULL REFERENCES accounts.office,
    kind text NOT NULL CHECK (kind IN ('card_reader', 'camera', 'fingerprint', 'kit')),
    model text NOT NULL CHECK (model <> ''),
    serial text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'working' CHECK (state IN ('working', 'failing', 'broken', 'retired')),
    state_since timestamptz NOT NULL DEFAULT now(),
    public_key bytea,
    since date NOT NULL
);
CREATE INDEX device_office_idx ON accounts.device (office_id);
CREATE UNIQUE INDEX device_public_key_idx ON accounts.device (public_key) WHERE public_key IS NOT NULL;

CREATE TABLE accounts.device_failure (
    failure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES accounts.device,
    at timestamptz NOT NULL DEFAULT now(),
    what text NOT NULL CHECK (what <> ''),
    reported_by bigint NOT NULL,
    mended_at timestamptz,
    mended_by bigint
);
CREATE INDEX device_failure_idx ON accounts.device_failure (device_id, at DESC);

-- A member of a community team who guides on the citizen's own phone or at a kiosk: no session, no right, only a code that
-- marks what is done as assisted. The code is kept as a digest.
CREATE TABLE accounts.helper (
    helper_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    office_id bigint NOT NULL REFERENCES accounts.office,
    name text NOT NULL CHECK (name <> ''),
    team text NOT NULL DEFAULT '',
    code_index bytea NOT NULL UNIQUE,
    added_by bigint NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);

-- One visit: what was compared and captured, in words and scores, never the data themselves. `stated`: what the citizen
-- states beyond the registry (phone, e-mail), encrypted. `record_id`: the kit's record it came from.
CREATE TABLE accounts.visit (
    person_key bigint NOT NULL,
    visit_id bigint GENERATED ALWAYS AS IDENTITY,
    office_id bigint NOT NULL,
    channel text NOT NULL CHECK (channel IN ('counter', 'doorstep')),
    opened_by bigint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'second', 'approved', 'refused', 'abandoned')),
    rule text NOT NULL,
    means text NOT NULL CHECK (means IN ('qr', 'mrz', 'typed')),
    comparison jsonb NOT NULL DEFAULT '{}',
    circumstances text[] NOT NULL DEFAULT '{}',
    stated bytea,
    documents text[] NOT NULL DEFAULT '{}',
    card_wanted boolean NOT NULL DEFAULT false,
    card_order bigint,
    confirmed_at timestamptz,
    confirmed_how text NOT NULL DEFAULT '' CHECK (confirmed_how IN ('', 'screen', 'aloud', 'paper')),
    form_digest bytea,
    submitted_at timestamptz,
    due_on date,
    decided_by bigint,
    decided_at timestamptz,
    second_by bigint,
    second_at timestamptz,
    decision text NOT NULL DEFAULT '',
    assisted boolean NOT NULL DEFAULT false,
    record_id uuid,
    CONSTRAINT visit_pkey PRIMARY KEY (person_key, visit_id),
    CONSTRAINT visit_two_officers CHECK (second_by IS NULL OR second_by <> decided_by),
    CONSTRAINT visit_decided CHECK (state IN ('open', 'abandoned') OR decided_by IS NOT NULL),
    CONSTRAINT visit_confirmed CHECK (state <> 'approved' OR confirmed_at IS NOT NULL)
);
CREATE INDEX visit_office_idx ON accounts.visit (office_id, opened_at DESC);
CREATE INDEX visit_id_idx ON accounts.visit (visit_id);
CREATE UNIQUE INDEX visit_record_idx ON accounts.visit (person_key, record_id) WHERE record_id IS NOT NULL;

-- What a device took, encrypted, until the visit is decided; then only what came of the comparison stays.
CREATE TABLE accounts.capture (
    person_key bigint NOT NULL,
    visit_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('portrait', 'fingerprint')),
    image bytea,
    outcome text NOT NULL CHECK (outcome IN ('matched', 'differs', 'no_reference')),
    score real,
    device_id bigint,
    taken_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT capture_pkey PRIMARY KEY (person_key, visit_id, kind),
    CONSTRAINT capture_visit_fkey FOREIGN KEY (person_key, visit_id) REFERENCES accounts.visit (person_key, visit_id)
);

-- Tries from the phone, to bound them and to tell the citizen.
CREATE TABLE accounts.level2_try (
    person_key bigint NOT NULL,
    try_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    rule text NOT NULL,
    outcome text NOT NULL,
    score real,
    CONSTRAINT level2_try_pkey PRIMARY KEY (person_key, try_id)
);
CREATE INDEX level2_try_idx ON accounts.level2_try (person_key, at DESC);

-- A kit's trip: what it says it brings (`manifest`), and each record, sealed to the centre's key until it is settled. A trip
-- is settled once, when everything of its manifest is here: the order of arrival and repetitions change nothing.
CREATE TABLE accounts.doorstep_trip (
    trip_id uuid PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES accounts.device,
    office_id bigint NOT NULL REFERENCES accounts.office,
    brought_by bigint NOT NULL,
    manifest uuid[] NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz
);
CREATE TABLE accounts.doorstep_record (
    record_id uuid PRIMARY KEY,
    trip_id uuid NOT NULL REFERENCES accounts.doorstep_trip,
    sealed bytea,
    digest bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'received'
        CHECK (state IN ('received', 'approved', 'second', 'open', 'refused', 'conflict', 'unreadable')),
    reasons text[] NOT NULL DEFAULT '{}',
    visit_id bigint,
    settled_at timestamptz
);
CREATE INDEX doorstep_record_trip_idx ON accounts.doorstep_record (trip_id);

DO $$
DECLARE t name;
BEGIN
    FOREACH t IN ARRAY ARRAY['visit', 'capture', 'level2_try'] LOOP
        EXECUTE format('ALTER TABLE accounts.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE accounts.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY app ON accounts.%I TO dancu_app USING (person_key = ANY (accounts.opened()))', t);
        EXECUTE format('CREATE POLICY worker ON accounts.%I TO dancu_worker USING (true)', t);
        EXECUTE format('CREATE POLICY gate ON accounts.%I TO dancu_gate USING (true)', t);
        EXECUTE format('GRANT SELECT, INSERT ON accounts.%I TO dancu_app', t);
        EXECUTE format('GRANT SELECT ON accounts.%I TO dancu_worker, dancu_gate', t);
    END LOOP;
END $$;
-- Who opened a visit, when, for whom and with what it was compared stays as it was written.
GRANT UPDATE (state, circumstances, stated, documents, card_wanted, card_order, confirmed_at, confirmed_how, form_digest,
    submitted_at, due_on, decided_by, decided_at, second_by, second_at, decision) ON accounts.visit TO dancu_app;
GRANT UPDATE (image, outcome, score, device_id, taken_at) ON accounts.capture TO dancu_app;
GRANT SELECT, INSERT ON accounts.office, accounts.device, accounts.device_failure, accounts.helper, accounts.doorstep_trip,
    accounts.doorstep_record TO dancu_app;
GRANT UPDATE (name, kind, unit_id, place, phone, hours, days, valid_to) ON accounts.office TO dancu_app;
GRANT UPDATE (office_id, model, serial, state, state_since) ON accounts.device TO dancu_app;
GRANT UPDATE (mended_at, mended_by) ON accounts.device_failure TO dancu_app;
GRANT UPDATE (ended_at) ON accounts.helper TO dancu_app;
GRANT UPDATE (settled_at) ON accounts.doorstep_trip TO dancu_app;
GRANT UPDATE (sealed, state, reasons, visit_id, settled_at) ON accounts.doorstep_record TO dancu_app;
GRANT SELECT ON accounts.office, accounts.device, accounts.device_failure TO dancu_worker, dancu_verify;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA accounts TO dancu_app, dancu_worker;

SET LOCAL ROLE dancu_gate;

-- Visits of offices by state, without anything about the person but the key; the names are looked at through the gate.
CREATE FUNCTION accounts.visits_at(offices bigint[], states text[], most integer) RETURNS TABLE (visit_id bigint,
    person_key bigint, office_id bigint, channel text, state text, opened_by bigint, opened_at timestamptz, due_on date,
    decided_by bigint, circumstances text[]) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.visit_id, v.person_key, v.office_id, v.channel, v.state, v.opened_by, v.opened_at, v.due_on, v.decided_by,
           v.circumstances
      FROM accounts.visit v WHERE v.office_id = ANY (offices) AND v.state = ANY (states)
     ORDER BY v.due_on NULLS LAST, v.opened_at LIMIT most;
$$;

-- Whom a visit is about and where it stands, for the officer's page that has its number.
CREATE FUNCTION accounts.visit_place(visit bigint) RETURNS TABLE (person_key bigint, office_id bigint, opened_by bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.person_key, v.office_id, v.opened_by FROM accounts.visit v WHERE v.visit_id = visit;
$$;

REVOKE ALL ON FUNCTION accounts.visits_at(bigint[], text[], integer), accounts.visit_place(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.visits_at(bigint[], text[], integer), accounts.visit_place(bigint) TO dancu_app, dancu_worker;
