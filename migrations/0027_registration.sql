-- Registration: what applications and accounts need beyond the core. Applications are seen by whom they were opened for:
-- the applicant by reference, an officer of the place by right; accounts by whoever opened them. Reminders, waves, the
-- funnel; organisations and mandates.

-- `areas`: the person's areas when the application was checked (the province that a number nobody has begins with), so
-- that the right desk sees it. `portrait`: encrypted like `claimed`, gone some time after the decision.
ALTER TABLE accounts.application
    ADD COLUMN areas integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN portrait bytea,
    ADD COLUMN language text NOT NULL DEFAULT 'vi' CHECK (language IN ('vi', 'en')),
    ADD COLUMN checked_at timestamptz;
CREATE INDEX application_areas_idx ON accounts.application USING gin (areas) WHERE state IN ('submitted', 'waiting', 'second');
CREATE INDEX application_overdue_idx ON accounts.application (due_on) WHERE state IN ('submitted', 'waiting', 'second');

-- `reminded`: the last day after the notice of which the holder was reminded; `waves`: how often a lapsed one was told.
ALTER TABLE accounts.account
    ADD COLUMN reminded smallint NOT NULL DEFAULT 0,
    ADD COLUMN waves smallint NOT NULL DEFAULT 0,
    ADD COLUMN wave_at timestamptz;

-- Organisations have one account without levels. The account is not bound to a person; mandates are.
CREATE TABLE accounts.organisation (
    organisation_no bigint GENERATED ALWAYS AS IDENTITY,
    tax_code text NOT NULL,
    name text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'refused', 'closed')),
    unit_id integer,
    in_databases boolean NOT NULL DEFAULT false,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    due_on date NOT NULL,
    decided_by bigint,
    decided_at timestamptz,
    decision text NOT NULL DEFAULT '',
    CONSTRAINT organisation_pkey PRIMARY KEY (organisation_no),
    CONSTRAINT organisation_tax_code_form CHECK (tax_code ~ '^[0-9]{10}(-[0-9]{3})?$')
);
CREATE UNIQUE INDEX organisation_one_account ON accounts.organisation (tax_code) WHERE state IN ('waiting', 'active');

CREATE TABLE accounts.mandate (
    person_key bigint NOT NULL,
    mandate_id bigint GENERATED ALWAYS AS IDENTITY,
    organisation_no bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('representative', 'staff')),
    powers text[] NOT NULL DEFAULT '{}',
    valid daterange NOT NULL,
    given_by bigint,
    given_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT mandate_pkey PRIMARY KEY (person_key, mandate_id)
);
CREATE UNIQUE INDEX mandate_once ON accounts.mandate (person_key, organisation_no) WHERE ended_at IS NULL;
CREATE INDEX mandate_organisation_idx ON accounts.mandate (organisation_no) WHERE ended_at IS NULL;

CREATE FUNCTION accounts.opened_applications() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('dancu.applications', true), ''), '{}')::bigint[];

ALTER TABLE accounts.application ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts.application FORCE ROW LEVEL SECURITY;
ALTER TABLE accounts.mandate ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts.mandate FORCE ROW LEVEL SECURITY;
-- Anybody may hand one in; 0 is nobody, and nobody's applications are opened one by one.
CREATE POLICY app_adds ON accounts.application FOR INSERT TO dancu_app WITH CHECK (true);
CREATE POLICY app_reads ON accounts.application FOR SELECT TO dancu_app USING (
    application_id = ANY (accounts.opened_applications()) OR (person_key <> 0 AND person_key = ANY (accounts.opened())));
CREATE POLICY app_changes ON accounts.application FOR UPDATE TO dancu_app USING (
    application_id = ANY (accounts.opened_applications()) OR (person_key <> 0 AND person_key = ANY (accounts.opened())))
    WITH CHECK (true);
CREATE POLICY worker ON accounts.application TO dancu_worker USING (true);
CREATE POLICY gate ON accounts.application TO dancu_gate USING (true);
CREATE POLICY verify ON accounts.application FOR SELECT TO dancu_verify USING (true);
CREATE POLICY app ON accounts.mandate TO dancu_app USING (person_key = ANY (accounts.opened()));
CREATE POLICY worker ON accounts.mandate TO dancu_worker USING (true);
CREATE POLICY gate ON accounts.mandate TO dancu_gate USING (true);
CREATE POLICY verify ON accounts.mandate FOR SELECT TO dancu_verify USING (true);

GRANT SELECT, INSERT ON accounts.organisation, accounts.mandate TO dancu_app, dancu_worker;
GRANT UPDATE (state, decided_by, decided_at, decision) ON accounts.organisation TO dancu_app, dancu_worker;
GRANT UPDATE (powers, ended_at) ON accounts.mandate TO dancu_app, dancu_worker;
GRANT SELECT ON accounts.organisation, accounts.mandate TO dancu_gate, dancu_verify;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA accounts TO dancu_app, dancu_worker, dancu_gate;

-- What an application or an account is about does not change, only how it stands.
REVOKE UPDATE ON accounts.account, accounts.application FROM dancu_app, dancu_worker;
GRANT UPDATE (level, state, lock_version, language, phone, phone_index, email, email_index, phone_verified_at,
    email_verified_at, contact_changed_at, channel, office, unit_id, assisted, guardian_key, notified_at, activate_by,
    activated_at, used_at, last_used_at, idle_reason, reminded, waves, wave_at) ON accounts.account TO dancu_app, dancu_worker;
GRANT UPDATE (person_key, state, reasons, findings, rule, office, unit_id, areas, due_on, escalated_at, decided_by, decided_at,
    second_by, second_at, decision, portrait, checked_at) ON accounts.application TO dancu_app, dancu_worker;

-- The phone directory is asked by function: it finds one account at a time and is never listed.
REVOKE ALL ON accounts.phone_directory FROM dancu_app, dancu_worker;

SET LOCAL ROLE dancu_gate;

CREATE FUNCTION accounts.holder_of_phone(digest bytea) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.person_key FROM accounts.phone_directory d WHERE d.phone_index = digest;
$$;
-- True where the phone now serves this account, false where it serves another.
CREATE FUNCTION accounts.claim_phone(digest bytea, person bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF person <> ALL (accounts.opened()) THEN RAISE EXCEPTION 'account is not open' USING ERRCODE = '42501'; END IF;
    INSERT INTO accounts.phone_directory AS d (phone_index, person_key) VALUES (digest, person)
        ON CONFLICT (phone_index) DO UPDATE SET person_key = excluded.person_key WHERE d.person_key = excluded.person_key;
    RETURN FOUND;
END $$;
CREATE FUNCTION accounts.free_phones(person bigint, but bytea) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF person <> ALL (accounts.opened()) THEN RAISE EXCEPTION 'account is not open' USING ERRCODE = '42501'; END IF;
    DELETE FROM accounts.phone_directory d WHERE d.person_key = person AND d.phone_index IS DISTINCT FROM but;
END $$;

-- Lock versions of usable accounts, in one statement: asked at every refresh and introspection.
CREATE FUNCTION accounts.lock_versions(persons bigint[]) RETURNS TABLE (person_key bigint, lock_version integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.person_key, a.lock_version FROM accounts.account a WHERE a.person_key = ANY (persons) AND a.state = 'active';
$$;

-- The applicant knows the reference, which is drawn at random; what is claimed stays encrypted.
CREATE FUNCTION accounts.open_application(reference text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE found_id bigint;
BEGIN
    SELECT a.application_id INTO found_id FROM accounts.application a WHERE a.ref = reference;
    IF found_id IS NOT NULL THEN
        PERFORM set_config('dancu.applications', (accounts.opened_applications() || found_id)::text, true);
    END IF;
    RETURN found_id;
END $$;

-- May this officer have the application, for this permission? 'ok' | 'no_permission' | 'outside_area' | 'not_found'.
-- Opens it, with one entry for the person concerned (or about nobody, where the number names nobody).
CREATE FUNCTION accounts.look_at_application(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, application bigint, permission text,
    purpose text, legal_basis text, request_id text, channel text
) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record; wanted record; word text := 'ok';
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, permission);
    SELECT a.person_key, a.areas INTO wanted FROM accounts.application a WHERE a.application_id = application;
    IF actor_kind <> 'staff' OR NOT held.ok OR permission NOT IN ('eid.application.read', 'eid.application.decide')
       OR NOT access.purpose_ok(purpose, legal_basis, access.today(), permission) THEN
        word := 'no_permission';
    ELSIF wanted IS NULL THEN
        RETURN 'not_found';
    ELSIF NOT (held."national" OR wanted.areas && held.areas) THEN
        word := 'outside_area';
    END IF;
    PERFORM audit.record(ARRAY[ROW(CASE WHEN word = 'ok' THEN 'read' ELSE 'denied' END, actor_kind, actor_id, org_code,
        purpose, legal_basis, NULL, NULLIF(wanted.person_key, 0), ARRAY['eid_application'], request_id, channel, NULL,
        CASE WHEN word = 'ok' THEN NULL ELSE jsonb_build_object('verdict', word) END)::audit.entry_in]);
    IF word = 'ok' THEN
        PERFORM set_config('dancu.applications', (accounts.opened_applications() || application)::text, true);
    END IF;
    RETURN word;
END $$;

-- The desk's queue: what falls due first on top, what was passed up above it. One entry per person listed.
CREATE FUNCTION accounts.waiting(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, how_many integer DEFAULT 100
) RETURNS TABLE (application_id bigint, ref text, person_key bigint, level smallint, way text, state text, reasons text[],
                 submitted_at timestamptz, due_on date, escalated_at timestamptz, assisted boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record; ids bigint[];
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'eid.application.read');
    IF actor_kind <> 'staff' OR NOT held.ok
       OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'eid.application.read') THEN
        RAISE EXCEPTION 'no right to read applications' USING ERRCODE = 'DA003';
    END IF;
    SELECT array_agg(q.application_id) INTO ids FROM (
        SELECT a.application_id FROM accounts.application a
        WHERE a.state IN ('waiting', 'second') AND (held."national" OR a.areas && held.areas)
        ORDER BY a.escalated_at IS NULL, a.due_on, a.application_id LIMIT least(how_many, 200)) AS q;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, a.person_key,
                   ARRAY['eid_application'], request_id, channel, NULL, NULL)::audit.entry_in
        FROM accounts.application a WHERE a.application_id = ANY (ids) AND a.person_key <> 0 GROUP BY a.person_key));
    RETURN QUERY SELECT a.application_id, a.ref, a.person_key, a.level, a.channel, a.state, a.reasons, a.submitted_at,
            a.due_on, a.escalated_at, a.assisted
        FROM accounts.application a WHERE a.application_id = ANY (ids)
        ORDER BY a.escalated_at IS NULL, a.due_on, a.application_id;
END $$;

-- Counts by commune, week and channel; never a row about a person. `week` is the Monday (in Vietnam) of the approval, for
-- applications of their arrival.
CREATE FUNCTION accounts.funnel(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, since date
) RETURNS TABLE (unit_id integer, week date, way text, applied bigint, approved bigint, notified bigint, activated bigint, used bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'dashboard.read');
    IF actor_kind <> 'staff' OR NOT held.ok
       OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'dashboard.read') THEN
        RAISE EXCEPTION 'no right to read figures' USING ERRCODE = 'DA003';
    END IF;
    PERFORM audit.record(ARRAY[ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, NULL,
        ARRAY['figures'], request_id, channel, NULL, NULL)::audit.entry_in]);
    RETURN QUERY
        WITH mine AS (
            SELECT u.unit_id FROM territory.unit u
            WHERE held."national" OR u.unit_id = ANY (held.areas) OR u.parent_id = ANY (held.areas)
        ), counted AS (
            SELECT a.unit_id, date_trunc('week', a.approved_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS week, a.channel AS way,
                   0::bigint AS applied, count(*) AS approved, count(a.notified_at) AS notified,
                   count(a.activated_at) AS activated, count(a.used_at) AS used
              FROM accounts.account a
             WHERE a.approved_at >= since::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AND a.unit_id IN (SELECT m.unit_id FROM mine m)
             GROUP BY 1, 2, 3
            UNION ALL
            SELECT p.unit_id, date_trunc('week', p.submitted_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, p.channel, count(*), 0, 0, 0, 0
              FROM accounts.application p
             WHERE p.submitted_at >= since::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AND p.unit_id IN (SELECT m.unit_id FROM mine m)
             GROUP BY 1, 2, 3
        )
        SELECT c.unit_id, c.week, c.way, sum(c.applied)::bigint, sum(c.approved)::bigint, sum(c.notified)::bigint,
               sum(c.activated)::bigint, sum(c.used)::bigint
          FROM counted c GROUP BY 1, 2, 3;
END $$;

-- Why accounts of a commune are not activated: counts by the reason noted ('' where nobody noted one).
CREATE FUNCTION accounts.idle(actor_id bigint, session_hash bytea, since date)
RETURNS TABLE (unit_id integer, reason text, accounts bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'dashboard.read');
    IF NOT held.ok THEN
        RAISE EXCEPTION 'no right to read figures' USING ERRCODE = 'DA003';
    END IF;
    RETURN QUERY
        SELECT a.unit_id, a.idle_reason, count(*) FROM accounts.account a JOIN territory.unit u ON u.unit_id = a.unit_id
         WHERE a.state IN ('approved', 'notified') AND a.approved_at >= since::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
           AND (held."national" OR u.unit_id = ANY (held.areas) OR u.parent_id = ANY (held.areas))
         GROUP BY 1, 2;
END $$;

-- The rows behind a figure, for an officer of the place: accounts that stand at a stage. One entry per person listed.
-- `stage`: 'approved', 'notified', 'activated', 'used' (all that got so far) or 'idle' (not activated).
CREATE FUNCTION accounts.listed(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, place integer, monday date, way text, stage text, why text, how_many integer DEFAULT 100
) RETURNS TABLE (person_key bigint, level smallint, state text, entered text, approved_at timestamptz, activate_by timestamptz,
                 activated_at timestamptz, idle_reason text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record; ids bigint[];
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'eid.application.read');
    IF actor_kind <> 'staff' OR NOT held.ok
       OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'eid.application.read') THEN
        RAISE EXCEPTION 'no right to read accounts' USING ERRCODE = 'DA003';
    END IF;
    SELECT array_agg(q.person_key) INTO ids FROM (
        SELECT a.person_key FROM accounts.account a JOIN territory.unit u ON u.unit_id = a.unit_id
        WHERE (held."national" OR u.unit_id = ANY (held.areas) OR u.parent_id = ANY (held.areas))
          AND (place IS NULL OR a.unit_id = place)
          AND (monday IS NULL OR date_trunc('week', a.approved_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = monday)
          AND (way IS NULL OR a.channel = way)
          AND (why IS NULL OR a.idle_reason = why)
          AND CASE stage WHEN 'approved' THEN true WHEN 'notified' THEN a.notified_at IS NOT NULL
                         WHEN 'activated' THEN a.activated_at IS NOT NULL WHEN 'used' THEN a.used_at IS NOT NULL
                         ELSE a.state IN ('approved', 'notified') END
        ORDER BY a.approved_at, a.person_key LIMIT least(how_many, 200)) AS q;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, k, ARRAY['account'], request_id,
                   channel, NULL, NULL)::audit.entry_in FROM unnest(ids) AS k));
    RETURN QUERY SELECT a.person_key, a.level, a.state, a.channel, a.approved_at, a.activate_by, a.activated_at, a.idle_reason
        FROM accounts.account a WHERE a.person_key = ANY (ids) ORDER BY a.approved_at, a.person_key;
END $$;

-- Mandates of an organisation, for its representative, whose account is open.
CREATE FUNCTION accounts.mandates_of(organisation bigint, representative bigint)
RETURNS TABLE (person_key bigint, mandate_id bigint, kind text, powers text[], valid daterange, given_at timestamptz, ended_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.person_key, m.mandate_id, m.kind, m.powers, m.valid, m.given_at, m.ended_at FROM accounts.mandate m
     WHERE m.organisation_no = organisation AND representative = ANY (accounts.opened())
       AND EXISTS (SELECT 1 FROM accounts.mandate r WHERE r.person_key = representative AND r.organisation_no = organisation
                   AND r.kind = 'representative' AND r.ended_at IS NULL AND r.valid @> access.today())
     ORDER BY m.given_at, m.mandate_id;
$$;

REVOKE ALL ON FUNCTION accounts.holder_of_phone(bytea), accounts.claim_phone(bytea, bigint), accounts.free_phones(bigint, bytea),
    accounts.lock_versions(bigint[]), accounts.open_application(text),
    accounts.look_at_application(text, bigint, text, bytea, bigint, text, text, text, text, text),
    accounts.waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.funnel(text, bigint, text, bytea, text, text, text, text, date),
    accounts.idle(bigint, bytea, date),
    accounts.listed(text, bigint, text, bytea, text, text, text, text, integer, date, text, text, text, integer),
    accounts.mandates_of(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.holder_of_phone(bytea), accounts.claim_phone(bytea, bigint), accounts.free_phones(bigint, bytea),
    accounts.lock_versions(bigint[]), accounts.open_application(text),
    accounts.look_at_application(text, bigint, text, bytea, bigint, text, text, text, text, text),
    accounts.waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.funnel(text, bigint, text, bytea, text, text, text, text, date),
    accounts.idle(bigint, bytea, date),
    accounts.listed(text, bigint, text, bytea, text, text, text, text, integer, date, text, text, text, integer),
    accounts.mandates_of(bigint, bigint) TO dancu_app, dancu_worker;
