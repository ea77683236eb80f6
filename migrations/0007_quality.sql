-- Quality: cases. A citizen says a fact about them is wrong or has changed; the desk of their commune answers by a day
-- the law sets. (Duplicates, discrepancies and freshness build on population.finding later.)

CREATE SCHEMA quality;
GRANT USAGE ON SCHEMA quality TO dancu_app, dancu_worker, dancu_verify, dancu_gate;

-- Time limits are law, so they are data: working days to answer and calendar days to carry out, by kind, with validity.
CREATE TABLE quality.time_limit (
    kind text NOT NULL,
    valid daterange NOT NULL,
    answer_working_days smallint NOT NULL,
    done_days smallint NOT NULL,
    legal_basis text NOT NULL,
    certainty text NOT NULL,
    CONSTRAINT time_limit_pkey PRIMARY KEY (kind, valid),
    CONSTRAINT time_limit_one EXCLUDE USING gist (kind WITH =, valid WITH &&)
);
INSERT INTO quality.time_limit VALUES
    ('correction', '[2023-07-01,2026-01-01)', 3, 3, '13/2023/NĐ-CP', 'secondary'),  -- 72 hours
    ('correction', '[2026-01-01,)', 2, 10, '356/2025/NĐ-CP', 'secondary');

CREATE SEQUENCE quality.case_id_seq;
CREATE TABLE quality.case (
    person_key bigint NOT NULL,
    case_id bigint NOT NULL DEFAULT nextval('quality.case_id_seq'),
    kind text NOT NULL DEFAULT 'correction',
    data_group text NOT NULL,                        -- of the fact: 'birth', 'residence', …
    field text NOT NULL,
    statement text NOT NULL,                         -- what the citizen wrote
    areas integer[] NOT NULL,                        -- whose desk it is: the person's areas when it was opened
    opened_at timestamptz NOT NULL,
    opened_by_kind text NOT NULL, opened_by bigint NOT NULL,
    answer_due date NOT NULL, done_due date NOT NULL, legal_basis text NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    answered_at timestamptz, answered_by bigint, answered_org text, answer text, answer_basis text,
    entry_id bigint NOT NULL, answer_entry_id bigint,
    CONSTRAINT case_pkey PRIMARY KEY (person_key, case_id),
    CONSTRAINT case_state CHECK (state IN ('waiting', 'accepted', 'done', 'refused', 'withdrawn')),
    CONSTRAINT case_statement CHECK (length(btrim(statement)) BETWEEN 5 AND 2000),
    CONSTRAINT case_answered_whole CHECK ((state IN ('waiting', 'withdrawn')) = (answer IS NULL)),
    CONSTRAINT case_refusal_cites_law CHECK (state <> 'refused' OR coalesce(answer_basis, '') <> '')
);
CREATE INDEX case_open ON quality.case USING gin (areas) WHERE state IN ('waiting', 'accepted');
CREATE UNIQUE INDEX case_one_open ON quality.case (person_key, data_group, field) WHERE state = 'waiting';

ALTER TABLE quality.case ENABLE ROW LEVEL SECURITY;
ALTER TABLE quality.case FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON quality.case TO dancu_app
    USING (person_key = ANY (COALESCE(NULLIF(current_setting('dancu.subjects', true), ''), '{}')::bigint[]));
CREATE POLICY gate ON quality.case TO dancu_gate USING (true);
CREATE POLICY worker ON quality.case TO dancu_worker USING (true);
CREATE POLICY verify ON quality.case FOR SELECT TO dancu_verify USING (true);
GRANT SELECT, INSERT ON quality.case TO dancu_app;
GRANT UPDATE (state, answered_at, answered_by, answered_org, answer, answer_basis, answer_entry_id) ON quality.case TO dancu_app;
GRANT SELECT ON quality.case TO dancu_gate, dancu_worker, dancu_verify;
GRANT SELECT ON quality.time_limit TO dancu_app, dancu_worker, dancu_verify;
GRANT USAGE ON SEQUENCE quality.case_id_seq TO dancu_app;
GRANT CREATE ON SCHEMA quality TO dancu_gate;

SET LOCAL ROLE dancu_gate;
-- The desk's list: open cases of the officer's area, what falls due first on top. One evidence entry per person shown.
CREATE FUNCTION quality.waiting(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, how_many integer DEFAULT 50
) RETURNS TABLE (person_key bigint, case_id bigint, data_group text, field text, opened_at timestamptz,
                 answer_due date, done_due date, state text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    keys bigint[];
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'case.read');
    IF actor_kind <> 'staff' OR NOT held.ok OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'case.read') THEN
        RAISE EXCEPTION 'no right to read cases' USING ERRCODE = 'DA003';
    END IF;
    SELECT array_agg(c.case_id ORDER BY c.answer_due, c.case_id) INTO keys FROM (
        SELECT q.case_id, q.answer_due FROM quality.case q
        WHERE q.state IN ('waiting', 'accepted') AND (held."national" OR q.areas && held.areas)
        ORDER BY q.answer_due, q.case_id LIMIT least(how_many, 200)) AS c;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, q.person_key, ARRAY['cases'],
                   request_id, channel, NULL, NULL)::audit.entry_in
        FROM quality.case q WHERE q.case_id = ANY (keys) GROUP BY q.person_key));
    RETURN QUERY SELECT q.person_key, q.case_id, q.data_group, q.field, q.opened_at, q.answer_due, q.done_due, q.state
        FROM quality.case q WHERE q.case_id = ANY (keys) ORDER BY q.answer_due, q.case_id;
END $$;
REVOKE ALL ON FUNCTION quality.waiting(text, bigint, text, bytea, text, text, text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION quality.waiting(text, bigint, text, bytea, text, text, text, text, integer) TO dancu_app;
