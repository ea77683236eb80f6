-- Connectors: what a ministry's own database said of a person when it was last asked, and what somebody says is wrong in it.

-- One answer per person and connector, the last. `sealed`: the answer, encrypted (its own fields are nobody's business who only
-- reads tables). `as_of`: the day of the ministry's data, where it says one. `how`: asked by API or brought by a file.
-- `entry_id`: the evidence under which it was asked for.
CREATE TABLE exchange.paper (
    person_key bigint NOT NULL,
    connector text NOT NULL CHECK (connector ~ '^[a-z_]{2,40}$'),
    found boolean NOT NULL,
    sealed bytea,
    as_of date,
    how text NOT NULL DEFAULT 'api' CHECK (how IN ('api', 'drop')),
    fetched_at timestamptz NOT NULL,
    entry_id bigint,
    CONSTRAINT paper_pkey PRIMARY KEY (person_key, connector),
    CONSTRAINT paper_found_has_content CHECK (found = (sealed IS NOT NULL))
);

-- Somebody says that what a ministry holds is wrong, or it contradicts the registry. The room of quality opens a case of it and
-- writes back which, until when, and what was answered. `statement` is encrypted; `desk`: the organisation that answers.
CREATE SEQUENCE exchange.dispute_id_seq;
CREATE TABLE exchange.dispute (
    person_key bigint NOT NULL,
    dispute_id bigint NOT NULL DEFAULT nextval('exchange.dispute_id_seq'),
    connector text NOT NULL,
    field text NOT NULL,
    statement bytea NOT NULL,
    desk text NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by_kind text NOT NULL,
    opened_by bigint NOT NULL,
    entry_id bigint NOT NULL,
    state text NOT NULL DEFAULT 'sent' CHECK (state IN ('sent', 'waiting', 'accepted', 'done', 'refused', 'withdrawn')),
    case_id bigint,
    answer_due date,
    done_due date,
    legal_basis text NOT NULL DEFAULT '',
    answered_at timestamptz,
    answer bytea,
    answer_basis text NOT NULL DEFAULT '',
    CONSTRAINT dispute_pkey PRIMARY KEY (person_key, dispute_id),
    CONSTRAINT dispute_with_case CHECK (state = 'sent' OR case_id IS NOT NULL)
);
CREATE UNIQUE INDEX dispute_one_open ON exchange.dispute (person_key, connector, field) WHERE state IN ('sent', 'waiting', 'accepted');

-- How each connector fares, for those who watch: written by whoever asks, seldom (not at every call).
CREATE TABLE exchange.connector_state (
    connector text NOT NULL,
    asked bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    last_ok timestamptz,
    last_failed timestamptz,
    failure text NOT NULL DEFAULT '',
    milliseconds integer,
    CONSTRAINT connector_state_pkey PRIMARY KEY (connector)
);

-- Files of agencies that cannot open an API: each taken once, with what came of its rows and the receipt that went back.
CREATE TABLE exchange.file_drop (
    connector text NOT NULL,
    drop_id text NOT NULL CHECK (drop_id ~ '^[A-Za-z0-9._-]{4,80}$'),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    as_of date NOT NULL,
    lines integer NOT NULL,
    taken integer NOT NULL DEFAULT 0,
    unknown integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    receipt text NOT NULL,
    CONSTRAINT file_drop_pkey PRIMARY KEY (connector, drop_id)
);

DO $$
DECLARE t name;
BEGIN
    FOREACH t IN ARRAY ARRAY['paper', 'dispute'] LOOP
        EXECUTE format('ALTER TABLE exchange.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE exchange.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY app ON exchange.%I TO dancu_app USING (person_key = ANY (COALESCE(NULLIF(current_setting(''dancu.subjects'', true), ''''), ''{}'')::bigint[]))', t);
        EXECUTE format('CREATE POLICY worker ON exchange.%I TO dancu_worker USING (true)', t);
        EXECUTE format('CREATE POLICY gate ON exchange.%I TO dancu_gate USING (true)', t);
        EXECUTE format('CREATE POLICY verify ON exchange.%I FOR SELECT TO dancu_verify USING (true)', t);
        EXECUTE format('GRANT SELECT ON exchange.%I TO dancu_verify', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON exchange.paper, exchange.dispute TO dancu_app, dancu_worker;
GRANT USAGE ON SEQUENCE exchange.dispute_id_seq TO dancu_app, dancu_worker;
GRANT SELECT, INSERT, UPDATE ON exchange.connector_state TO dancu_app, dancu_worker;
GRANT SELECT, INSERT ON exchange.file_drop TO dancu_worker;
GRANT SELECT ON exchange.file_drop TO dancu_app, dancu_verify;
GRANT SELECT ON exchange.connector_state TO dancu_verify;

GRANT SELECT, INSERT, UPDATE ON exchange.paper TO dancu_gate;
GRANT CREATE ON SCHEMA exchange TO dancu_gate;
SET LOCAL ROLE dancu_gate;
-- Keep what a ministry answered. The look that asked for it was recorded and committed before the ministry was asked (`entry`), so
-- that no transaction waits for a ministry; whoever asked later has the later word.
CREATE FUNCTION exchange.keep_paper(person bigint, connector text, found boolean, sealed bytea, as_of date, fetched_at timestamptz, entry bigint)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO exchange.paper AS p (person_key, connector, found, sealed, as_of, how, fetched_at, entry_id)
    SELECT person, connector, sealed IS NOT NULL, sealed, as_of, 'api', fetched_at, entry WHERE entry IS NOT NULL
    ON CONFLICT ON CONSTRAINT paper_pkey DO UPDATE SET found = excluded.found, sealed = excluded.sealed, as_of = excluded.as_of,
        how = excluded.how, fetched_at = excluded.fetched_at, entry_id = excluded.entry_id
    WHERE p.fetched_at <= excluded.fetched_at;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION exchange.keep_paper(bigint, text, boolean, bytea, date, timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.keep_paper(bigint, text, boolean, bytea, date, timestamptz, bigint) TO dancu_app;
RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
