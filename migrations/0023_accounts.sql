-- Electronic identity: one account per person, opened row by row like the registry. Contacts are encrypted by the
-- application (kit.keys.KeyRing); what finds an account by phone is a keyed digest, never the phone.

CREATE SCHEMA accounts;
GRANT USAGE ON SCHEMA accounts TO dancu_app, dancu_worker, dancu_verify;

CREATE FUNCTION accounts.opened() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('dancu.accounts', true), ''), '{}')::bigint[];

-- `level`: the level approved (0: none yet). `lock_version` rises with every lock, unlock, recovery and change of level:
-- what was issued under an older version is worthless. `unit_id`, `channel`, `week` feed the funnel.
CREATE TABLE accounts.account (
    person_key bigint NOT NULL,
    level smallint NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 2),
    state text NOT NULL DEFAULT 'approved' CHECK (state IN ('approved', 'notified', 'active', 'locked', 'closed')),
    lock_version integer NOT NULL DEFAULT 1,
    language text NOT NULL DEFAULT 'vi' CHECK (language IN ('vi', 'en')),
    phone bytea,
    phone_index bytea,
    email bytea,
    email_index bytea,
    phone_verified_at timestamptz,
    email_verified_at timestamptz,
    contact_changed_at timestamptz,
    channel text NOT NULL DEFAULT 'online' CHECK (channel IN ('online', 'counter', 'doorstep', 'import', 'demo')),
    office text NOT NULL DEFAULT '',
    unit_id integer,
    assisted boolean NOT NULL DEFAULT false,
    guardian_key bigint,
    approved_at timestamptz NOT NULL DEFAULT now(),
    notified_at timestamptz,
    activate_by timestamptz,
    activated_at timestamptz,
    used_at timestamptz,
    last_used_at timestamptz,
    idle_reason text NOT NULL DEFAULT '',
    CONSTRAINT account_pkey PRIMARY KEY (person_key),
    CONSTRAINT account_active_was_activated CHECK (state <> 'active' OR activated_at IS NOT NULL),
    CONSTRAINT account_level_when_active CHECK (state <> 'active' OR level > 0)
);
CREATE INDEX account_funnel_idx ON accounts.account (unit_id, approved_at);
CREATE INDEX account_waiting_idx ON accounts.account (activate_by) WHERE state = 'notified';

-- One phone, one account: distributed on the phone's digest.
CREATE TABLE accounts.phone_directory (
    phone_index bytea NOT NULL,
    person_key bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT phone_directory_pkey PRIMARY KEY (phone_index)
);

-- Ways to prove oneself. `public`: what may be shown (label, transports, public key, counter). Secrets stand apart.
CREATE TABLE accounts.authenticator (
    person_key bigint NOT NULL,
    authenticator_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('passcode', 'totp', 'passkey', 'device', 'recovery')),
    label text NOT NULL DEFAULT '',
    public jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT authenticator_pkey PRIMARY KEY (person_key, authenticator_id)
);
CREATE UNIQUE INDEX authenticator_one_passcode ON accounts.authenticator (person_key, kind)
    WHERE kind IN ('passcode', 'totp') AND revoked_at IS NULL;

-- Hashes and encrypted secrets: read by functions only.
CREATE TABLE accounts.secret (
    person_key bigint NOT NULL,
    authenticator_id bigint NOT NULL,
    secret bytea NOT NULL,
    step bigint NOT NULL DEFAULT 0,
    CONSTRAINT secret_pkey PRIMARY KEY (person_key, authenticator_id),
    CONSTRAINT secret_authenticator_fkey FOREIGN KEY (person_key, authenticator_id)
        REFERENCES accounts.authenticator (person_key, authenticator_id)
);

-- A passkey is found by its credential id.
CREATE TABLE accounts.passkey_directory (
    credential_id bytea NOT NULL,
    person_key bigint NOT NULL,
    authenticator_id bigint NOT NULL,
    CONSTRAINT passkey_directory_pkey PRIMARY KEY (credential_id)
);

-- What a citizen's session proved: `acr` is the level of decree 69/2024 (1 to 4), `amr` the words of RFC 8176.
CREATE TABLE accounts.sign_in (
    person_key bigint NOT NULL,
    session_hash bytea NOT NULL,
    sid text NOT NULL,
    acr smallint NOT NULL CHECK (acr BETWEEN 1 AND 4),
    amr text[] NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    lock_version integer NOT NULL,
    device text NOT NULL DEFAULT '',
    network text NOT NULL DEFAULT '',
    assisted boolean NOT NULL DEFAULT false,
    ended_at timestamptz,
    CONSTRAINT sign_in_pkey PRIMARY KEY (person_key, session_hash)
);
CREATE INDEX sign_in_recent_idx ON accounts.sign_in (person_key, at DESC);

-- The citizen's own history in kinds of happenings; words are made when shown.
CREATE TABLE accounts.happening (
    person_key bigint NOT NULL,
    happening_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    note jsonb NOT NULL DEFAULT '{}',
    disowned_at timestamptz,
    CONSTRAINT happening_pkey PRIMARY KEY (person_key, happening_id)
);

-- Locks: an account is locked while one of them stands. A police request waits for its decision (`decided_at`).
CREATE TABLE accounts.lock (
    person_key bigint NOT NULL,
    lock_id bigint GENERATED ALWAYS AS IDENTITY,
    ground text NOT NULL CHECK (ground IN ('own_request', 'police_request', 'death', 'card_revoked', 'breach', 'suspicion')),
    state text NOT NULL CHECK (state IN ('requested', 'refused', 'standing', 'lifted')),
    asked_by bigint,
    asked_org text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL DEFAULT now(),
    due_on date,
    reason text NOT NULL DEFAULT '',
    decided_by bigint,
    decided_at timestamptz,
    decision text NOT NULL DEFAULT '',
    lifted_by bigint,
    lifted_at timestamptz,
    CONSTRAINT lock_pkey PRIMARY KEY (person_key, lock_id),
    CONSTRAINT lock_not_decided_by_its_asker CHECK (ground <> 'police_request' OR decided_by IS DISTINCT FROM asked_by OR decided_by IS NULL)
);

-- Applications: `claimed` is what the applicant typed, encrypted; `person_key` 0 where nobody was found. The applicant
-- knows the application by `ref` alone.
CREATE TABLE accounts.application (
    application_id bigint GENERATED ALWAYS AS IDENTITY,
    ref text NOT NULL,
    person_key bigint NOT NULL DEFAULT 0,
    level smallint NOT NULL CHECK (level IN (1, 2)),
    channel text NOT NULL CHECK (channel IN ('online', 'counter', 'doorstep')),
    state text NOT NULL CHECK (state IN ('submitted', 'waiting', 'second', 'approved', 'refused', 'withdrawn')),
    claimed bytea NOT NULL,
    phone_index bytea,
    reasons text[] NOT NULL DEFAULT '{}',
    findings jsonb NOT NULL DEFAULT '{}',
    rule text NOT NULL DEFAULT '',
    office text NOT NULL DEFAULT '',
    unit_id integer,
    assisted boolean NOT NULL DEFAULT false,
    guardian_key bigint,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    due_on date NOT NULL,
    escalated_at timestamptz,
    decided_by bigint,
    decided_at timestamptz,
    second_by bigint,
    second_at timestamptz,
    decision text NOT NULL DEFAULT '',
    CONSTRAINT application_pkey PRIMARY KEY (application_id),
    CONSTRAINT application_ref_key UNIQUE (ref),
    CONSTRAINT application_two_officers CHECK (second_by IS NULL OR second_by <> decided_by)
);
CREATE INDEX application_queue_idx ON accounts.application (unit_id, due_on) WHERE state IN ('submitted', 'waiting', 'second');
CREATE INDEX application_person_idx ON accounts.application (person_key) WHERE person_key <> 0;

-- Codes sent out (activation, sign-in, contact change): only a keyed digest is kept. One live code per person and use.
CREATE TABLE accounts.code (
    person_key bigint NOT NULL,
    use text NOT NULL CHECK (use IN ('activate', 'sign_in', 'phone', 'email', 'recover')),
    code_digest bytea NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    tries smallint NOT NULL DEFAULT 0,
    context text NOT NULL DEFAULT '',
    used_at timestamptz,
    CONSTRAINT code_pkey PRIMARY KEY (person_key, use)
);

DO $$
DECLARE t name;
BEGIN
    FOREACH t IN ARRAY ARRAY['account', 'authenticator', 'secret', 'sign_in', 'happening', 'lock', 'code'] LOOP
        EXECUTE format('ALTER TABLE accounts.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE accounts.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY app ON accounts.%I TO dancu_app USING (person_key = ANY (accounts.opened()))', t);
        EXECUTE format('CREATE POLICY worker ON accounts.%I TO dancu_worker USING (true)', t);
        EXECUTE format('CREATE POLICY gate ON accounts.%I TO dancu_gate USING (true)', t);
        EXECUTE format('CREATE POLICY verify ON accounts.%I FOR SELECT TO dancu_verify USING (true)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON accounts.account, accounts.authenticator, accounts.sign_in, accounts.happening, accounts.lock,
    accounts.code, accounts.application TO dancu_app, dancu_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts.phone_directory, accounts.passkey_directory TO dancu_app, dancu_worker;
GRANT USAGE, CREATE ON SCHEMA accounts TO dancu_gate;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA accounts TO dancu_gate;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA accounts TO dancu_app, dancu_worker, dancu_gate;
GRANT SELECT ON accounts.account, accounts.application TO dancu_verify;

SET LOCAL ROLE dancu_gate;

-- Open accounts to the rest of this transaction. The caller has a reason: the person's own session, an officer's act, a
-- token bound to the account; nothing lists accounts without one.
CREATE FUNCTION accounts.open(persons bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('dancu.accounts', (accounts.opened() || persons)::text, true);
END $$;

-- Keep and read secrets of an opened account; nothing else reaches the table.
CREATE FUNCTION accounts.keep_secret(person bigint, authenticator bigint, value bytea) RETURNS void LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF person <> ALL (accounts.opened()) THEN RAISE EXCEPTION 'account is not open' USING ERRCODE = '42501'; END IF;
    INSERT INTO accounts.secret (person_key, authenticator_id, secret) VALUES (person, authenticator, value)
    ON CONFLICT (person_key, authenticator_id) DO UPDATE SET secret = excluded.secret, step = 0;
END $$;
CREATE FUNCTION accounts.secret_of(person bigint, kind text) RETURNS TABLE (authenticator_id bigint, secret bytea, step bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.authenticator_id, s.secret, s.step FROM accounts.authenticator a
    JOIN accounts.secret s ON s.person_key = a.person_key AND s.authenticator_id = a.authenticator_id
    WHERE a.person_key = person AND person = ANY (accounts.opened()) AND a.kind = secret_of.kind AND a.revoked_at IS NULL;
$$;
-- A one-time step may be used once: true when this call was the first with it or a later one.
CREATE FUNCTION accounts.use_step(person bigint, authenticator bigint, at_step bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE accounts.secret s SET step = at_step
     WHERE s.person_key = person AND s.authenticator_id = authenticator AND s.step < at_step AND person = ANY (accounts.opened());
    RETURN FOUND;
END $$;

REVOKE ALL ON FUNCTION accounts.open(bigint[]), accounts.keep_secret(bigint, bigint, bytea), accounts.secret_of(bigint, text),
    accounts.use_step(bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.open(bigint[]), accounts.keep_secret(bigint, bigint, bytea), accounts.secret_of(bigint, text),
    accounts.use_step(bigint, bigint, bigint) TO dancu_app, dancu_worker;
