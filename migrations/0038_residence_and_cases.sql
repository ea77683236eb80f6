-- Residence in place of the household book, signed confirmations, and cases opened by news of other rooms.

-- Cases ------------------------------------------------------------------------------------------------------------------

-- Besides the citizen's own report (kind 'correction') a case is opened by an event: a card and the registry disagree at a
-- counter, an integrated document differs from its source, a ministry's own datum is wrong, a paper was demanded that the
-- law no longer asks for. `desk_org`: the organisation that answers, NULL: the desk of the area. `reporter_org`: who found
-- it. `source`, `ref`: what found it (a way, a kind of document, a connector) and its row in the room that sent the news.
-- `details`: field -> word of comparison; never a value. `times`: how often the same news came while the case waited.
ALTER TABLE quality.case
    ADD COLUMN desk_org text,
    ADD COLUMN reporter_org text NOT NULL DEFAULT '',
    ADD COLUMN source text NOT NULL DEFAULT '',
    ADD COLUMN ref text NOT NULL DEFAULT '',
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
    ADD COLUMN times integer NOT NULL DEFAULT 1 CHECK (times > 0),
    ADD CONSTRAINT case_kind CHECK (kind IN ('correction', 'disagreement', 'document', 'connector', 'paper'));
DROP INDEX quality.case_one_open;
CREATE UNIQUE INDEX case_one_open ON quality.case (person_key, kind, data_group, field, coalesce(desk_org, ''))
    WHERE state = 'waiting';
CREATE INDEX case_desk ON quality.case (desk_org) WHERE state IN ('waiting', 'accepted') AND desk_org IS NOT NULL;
CREATE INDEX case_reporter ON quality.case (reporter_org, opened_at) WHERE reporter_org <> '';

INSERT INTO quality.time_limit VALUES
    ('disagreement', '[2026-01-01,)', 2, 10, '356/2025/NĐ-CP', 'secondary'),
    ('document', '[2026-01-01,)', 2, 10, '356/2025/NĐ-CP', 'secondary'),
    ('connector', '[2026-01-01,)', 2, 10, '356/2025/NĐ-CP', 'secondary'),
    -- A report about how an office works (phản ánh, kiến nghị); the days from memory.
    ('paper', '[2008-03-25,)', 5, 15, '20/2008/NĐ-CP', 'unverified');

CREATE POLICY app_desk_reads ON quality.case FOR SELECT TO dancu_app
    USING (case_id = ANY (COALESCE(NULLIF(current_setting('dancu.cases', true), ''), '{}')::bigint[]));
CREATE POLICY app_desk_answers ON quality.case FOR UPDATE TO dancu_app
    USING (case_id = ANY (COALESCE(NULLIF(current_setting('dancu.cases_to_answer', true), ''), '{}')::bigint[]));
GRANT INSERT, UPDATE (times) ON quality.case TO dancu_worker;
GRANT USAGE ON SEQUENCE quality.case_id_seq TO dancu_worker;

SET LOCAL ROLE dancu_gate;

-- Which cases this staff member may read, and of those answer: their area's (case.read, case.answer), those addressed to
-- their organisation (case.desk), those of organisations under theirs that are overdue, and, to read only, what their
-- organisation found. One place for the rule; the callers below record.
CREATE FUNCTION quality.reachable(actor_id bigint, session_hash bytea, purpose text, legal_basis text)
RETURNS TABLE (area_reads boolean, area_answers boolean, everywhere boolean, areas integer[], desk boolean, mine text, below text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    reads record; answers record; at_desk record;
BEGIN
    SELECT * INTO reads FROM access.right_of(actor_id, session_hash, 'case.read');
    SELECT * INTO answers FROM access.right_of(actor_id, session_hash, 'case.answer');
    SELECT * INTO at_desk FROM access.right_of(actor_id, session_hash, 'case.desk');
    area_reads := reads.ok AND access.purpose_ok(purpose, legal_basis, access.today(), 'case.read');
    area_answers := answers.ok AND access.purpose_ok(purpose, legal_basis, access.today(), 'case.answer');
    desk := at_desk.ok AND access.purpose_ok(purpose, legal_basis, access.today(), 'case.desk');
    everywhere := reads."national";
    areas := reads.areas;
    mine := coalesce((SELECT s.org_code FROM access.staff_org(actor_id) AS s), '');
    below := ARRAY(
        WITH RECURSIVE under AS (
            SELECT o.org_code FROM access.organisation o WHERE o.parent = mine
            UNION SELECT o.org_code FROM access.organisation o JOIN under u ON o.parent = u.org_code)
        SELECT under.org_code FROM under);
    RETURN NEXT;
END $$;
RESET ROLE;

SET LOCAL ROLE dancu_owner;
-- The organisation a staff member belongs to, whatever a request says of itself.
CREATE FUNCTION access.staff_org(staff bigint) RETURNS TABLE (org_code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.org_code FROM access.staff s WHERE s.staff_id = staff AND s.state <> 'inactive';
$$;
REVOKE ALL ON FUNCTION access.staff_org(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.staff_org(bigint) TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- The desk's list. `which`: 'desk' (open cases for me), 'sent' (what my organisation found, open or not). One evidence
-- entry per person shown.
CREATE FUNCTION quality.desk_cases(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, which text, how_many integer DEFAULT 50
) RETURNS TABLE (person_key bigint, case_id bigint, kind text, data_group text, field text, opened_at timestamptz,
                 answer_due date, done_due date, state text, desk_org text, reporter_org text, source text, times integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    keys bigint[];
BEGIN
    SELECT * INTO held FROM quality.reachable(actor_id, session_hash, purpose, legal_basis);
    IF actor_kind <> 'staff' OR NOT (held.area_reads OR held.desk) THEN
        RAISE EXCEPTION 'no right to read cases' USING ERRCODE = 'DA003';
    END IF;
    IF which = 'sent' THEN
        SELECT array_agg(c.case_id) INTO keys FROM (
            SELECT q.case_id FROM quality.case q WHERE held.mine <> '' AND q.reporter_org = held.mine
            ORDER BY q.opened_at DESC LIMIT least(how_many, 200)) AS c;
    ELSE
        SELECT array_agg(c.case_id) INTO keys FROM (
            SELECT q.case_id FROM quality.case q
            WHERE q.state IN ('waiting', 'accepted')
              AND ((q.desk_org IS NULL AND held.area_reads AND (held.everywhere OR q.areas && held.areas))
                   OR (held.desk AND q.desk_org = held.mine)
                   OR (held.desk AND q.desk_org = ANY (held.below)
                       AND access.today() > CASE q.state WHEN 'waiting' THEN q.answer_due ELSE q.done_due END))
            ORDER BY q.answer_due, q.case_id LIMIT least(how_many, 200)) AS c;
    END IF;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, q.person_key, ARRAY['cases'],
                   request_id, channel, NULL, NULL)::audit.entry_in
        FROM quality.case q WHERE q.case_id = ANY (keys) GROUP BY q.person_key));
    RETURN QUERY SELECT q.person_key, q.case_id, q.kind, q.data_group, q.field, q.opened_at, q.answer_due, q.done_due, q.state,
                        q.desk_org, q.reporter_org, q.source, q.times
        FROM quality.case q WHERE q.case_id = ANY (keys)
        ORDER BY CASE WHEN which = 'sent' THEN NULL ELSE q.answer_due END, q.case_id DESC;
END $$;

-- One case opened to the rest of the transaction: 'answer', 'read' or 'none'. The look, or the refusal, is recorded.
CREATE FUNCTION quality.open_case(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, person bigint, wanted bigint
) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    one record;
    word text := 'none';
BEGIN
    SELECT * INTO held FROM quality.reachable(actor_id, session_hash, purpose, legal_basis);
    SELECT q.* INTO one FROM quality.case q WHERE q.person_key = person AND q.case_id = wanted;
    IF actor_kind = 'staff' AND one.case_id IS NOT NULL THEN
        word := CASE
            WHEN one.desk_org IS NULL AND held.area_reads AND (held.everywhere OR one.areas && held.areas)
                THEN CASE WHEN held.area_answers THEN 'answer' ELSE 'read' END
            WHEN held.desk AND (one.desk_org = held.mine OR one.desk_org = ANY (held.below)) THEN 'answer'
            WHEN held.desk AND held.mine <> '' AND one.reporter_org = held.mine THEN 'read'
            ELSE 'none' END;
    END IF;
    PERFORM audit.record(ARRAY[ROW(CASE word WHEN 'none' THEN 'denied' ELSE 'read' END, actor_kind, actor_id, org_code,
        purpose, legal_basis, NULL, one.person_key, ARRAY['cases'], request_id, channel, NULL,
        CASE word WHEN 'none' THEN '{"verdict": "no_permission"}'::jsonb END)::audit.entry_in]);
    IF word <> 'none' THEN
        PERFORM set_config('dancu.cases', ARRAY[wanted]::text, true);
    END IF;
    IF word = 'answer' THEN
        PERFORM set_config('dancu.cases_to_answer', ARRAY[wanted]::text, true);
    END IF;
    RETURN word;
END $$;

REVOKE ALL ON FUNCTION quality.reachable(bigint, bytea, text, text),
    quality.desk_cases(text, bigint, text, bytea, text, text, text, text, text, integer),
    quality.open_case(text, bigint, text, bytea, text, text, text, text, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION quality.desk_cases(text, bigint, text, bytea, text, text, text, text, text, integer),
    quality.open_case(text, bigint, text, bytea, text, text, text, text, bigint, bigint) TO dancu_app;
RESET ROLE;
SET LOCAL ROLE dancu_owner;

-- Proving residence at a counter -------------------------------------------------------------------------------------------

-- How often each way worked, per office and device. Counts only, of nobody.
CREATE TABLE exchange.way_tally (
    day date NOT NULL,
    org_code text NOT NULL,
    device text NOT NULL DEFAULT '' CHECK (length(device) <= 40),
    procedure text NOT NULL,
    way text NOT NULL CHECK (way IN ('lookup', 'account', 'qr', 'chip', 'card', 'notice', 'confirmation')),
    outcome text NOT NULL,
    n bigint NOT NULL DEFAULT 1 CHECK (n > 0),
    CONSTRAINT way_tally_pkey PRIMARY KEY (day, org_code, device, procedure, way, outcome)
);
-- How often an office still caused a paper: a confirmation issued for it, a report that it demanded one.
CREATE TABLE exchange.paper_tally (
    day date NOT NULL,
    org_code text NOT NULL,
    org_name text NOT NULL DEFAULT '',
    procedure text NOT NULL,
    what text NOT NULL CHECK (what IN ('issued', 'demanded')),
    n bigint NOT NULL DEFAULT 1 CHECK (n > 0),
    CONSTRAINT paper_tally_pkey PRIMARY KEY (day, org_code, org_name, procedure, what)
);
GRANT SELECT, INSERT, UPDATE (n) ON exchange.way_tally, exchange.paper_tally TO dancu_app;
GRANT SELECT ON exchange.way_tally, exchange.paper_tally TO dancu_worker, dancu_verify;

-- What stands in the file instead of a photocopy: `statement` is the signed text, `replaces` the paper not asked for. One
-- approval, code or confirmation (`ref`) proves once per dossier.
CREATE TABLE exchange.verification (
    person_key bigint NOT NULL,
    verification_id text NOT NULL CHECK (verification_id ~ '^[0-9A-Z]{16}$'),
    at timestamptz NOT NULL,
    org_code text NOT NULL,
    officer text NOT NULL,
    procedure text NOT NULL,
    case_ref text NOT NULL,
    way text NOT NULL,
    device text NOT NULL DEFAULT '',
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    replaces text NOT NULL,
    ref text NOT NULL DEFAULT '',
    statement text NOT NULL,
    entry_id bigint NOT NULL,
    CONSTRAINT verification_pkey PRIMARY KEY (person_key, verification_id)
);
CREATE UNIQUE INDEX verification_ref_once ON exchange.verification (person_key, way, ref, case_ref) WHERE ref <> '';

-- Signed confirmations of residence, number or civil status. `demanded_org`, `demanded_name`, `procedure`: who asked the
-- citizen for it and for what, a failure to be removed.
CREATE TABLE exchange.confirmation (
    person_key bigint NOT NULL,
    confirmation_id text NOT NULL CHECK (confirmation_id ~ '^[0-9A-Z]{16}$'),
    kind text NOT NULL CHECK (kind IN ('residence', 'number', 'civil_status')),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    channel text NOT NULL CHECK (channel IN ('account', 'counter', 'exchange')),
    issued_by_kind text NOT NULL,
    issued_by bigint NOT NULL,
    issued_org text NOT NULL DEFAULT '',
    demanded_org text NOT NULL DEFAULT '',
    demanded_name text NOT NULL DEFAULT '',
    procedure text NOT NULL,
    legal_basis text NOT NULL,
    statement text NOT NULL,
    entry_id bigint NOT NULL,
    revoked_at timestamptz,
    revoked_why text NOT NULL DEFAULT '',
    CONSTRAINT confirmation_pkey PRIMARY KEY (person_key, confirmation_id),
    CONSTRAINT confirmation_ends CHECK (expires_at > issued_at),
    CONSTRAINT confirmation_revoked_says_why CHECK ((revoked_at IS NULL) = (revoked_why = ''))
);
CREATE INDEX confirmation_id_idx ON exchange.confirmation (confirmation_id);

-- "They still asked me for a paper."
CREATE SEQUENCE exchange.demand_id_seq;
CREATE TABLE exchange.paper_demand (
    person_key bigint NOT NULL,
    demand_id bigint NOT NULL DEFAULT nextval('exchange.demand_id_seq'),
    at timestamptz NOT NULL,
    org_code text NOT NULL DEFAULT '',
    org_name text NOT NULL DEFAULT '',
    procedure text NOT NULL,
    paper text NOT NULL,
    said text NOT NULL DEFAULT '' CHECK (length(said) <= 1000),
    entry_id bigint NOT NULL,
    CONSTRAINT paper_demand_pkey PRIMARY KEY (person_key, demand_id),
    CONSTRAINT paper_demand_names_who CHECK (org_code <> '' OR org_name <> '')
);

-- The code a citizen's phone shows at a counter for a minute; only its digest is kept.
CREATE TABLE exchange.shown_code (
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    person_key bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT shown_code_pkey PRIMARY KEY (digest)
);
CREATE INDEX shown_code_person_idx ON exchange.shown_code (person_key);
GRANT SELECT, INSERT, UPDATE, DELETE ON exchange.shown_code TO dancu_gate;
GRANT DELETE, SELECT ON exchange.shown_code TO dancu_worker;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['verification', 'confirmation', 'paper_demand'] LOOP
        EXECUTE format('ALTER TABLE exchange.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE exchange.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY app ON exchange.%I TO dancu_app USING (person_key = ANY (population.subjects()))', t);
        EXECUTE format('CREATE POLICY gate ON exchange.%I TO dancu_gate USING (true)', t);
        EXECUTE format('CREATE POLICY worker ON exchange.%I FOR SELECT TO dancu_worker USING (true)', t);
        EXECUTE format('CREATE POLICY verify ON exchange.%I FOR SELECT TO dancu_verify USING (true)', t);
        EXECUTE format('GRANT SELECT, INSERT ON exchange.%I TO dancu_app', t);
        EXECUTE format('GRANT SELECT ON exchange.%I TO dancu_gate, dancu_worker, dancu_verify', t);
    END LOOP;
END $$;
GRANT UPDATE (revoked_at, revoked_why) ON exchange.confirmation TO dancu_app;
GRANT USAGE ON SEQUENCE exchange.demand_id_seq TO dancu_app;
GRANT CREATE ON SCHEMA exchange TO dancu_gate;

SET LOCAL ROLE dancu_gate;

-- How a confirmation stands now, for whoever holds it: 'valid', 'expired', 'revoked', or 'changed' where the registry has
-- said something else since. Whose it is, for the evidence of this check.
CREATE FUNCTION exchange.confirmation_state(id text)
RETURNS TABLE (person_key bigint, kind text, state text, issued_at timestamptz, expires_at timestamptz, statement_digest bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.person_key, c.kind,
           CASE WHEN c.revoked_at IS NOT NULL THEN 'revoked'
                WHEN c.expires_at <= now() THEN 'expired'
                WHEN p.alive_until < 'infinity' OR p.merged_into IS NOT NULL
                  OR EXISTS (SELECT FROM population.person_name n WHERE n.person_key = c.person_key
                             AND (lower(n.recorded) > c.issued_at OR upper(n.recorded) > c.issued_at))
                  OR (c.kind = 'residence' AND EXISTS (SELECT FROM population.residence r WHERE r.person_key = c.person_key
                             AND r.kind IN ('permanent', 'temporary')
                             AND (lower(r.recorded) > c.issued_at OR upper(r.recorded) > c.issued_at
                                  OR (upper_inf(r.recorded) AND upper(r.valid) BETWEEN c.issued_at::date AND access.today()))))
                  OR (c.kind = 'number' AND EXISTS (SELECT FROM population.person_number f WHERE f.person_key = c.person_key
                             AND (lower(f.recorded) > c.issued_at OR upper(f.recorded) > c.issued_at)))
                  OR (c.kind = 'civil_status' AND EXISTS (SELECT FROM population.marital m WHERE m.person_key = c.person_key
                             AND (lower(m.recorded) > c.issued_at OR upper(m.recorded) > c.issued_at)))
                THEN 'changed'
                ELSE 'valid' END,
           c.issued_at, c.expires_at, sha256(convert_to(c.statement, 'UTF8'))
      FROM exchange.confirmation c JOIN population.person p ON p.person_key = c.person_key
     WHERE c.confirmation_id = id;
$$;

-- Keep the digest of a code shown now; only the citizen's own live session may. One code at a time.
CREATE FUNCTION exchange.show_code(person bigint, session_hash bytea, code bytea, seconds integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT access.session_live('citizen', person, session_hash) THEN RETURN false; END IF;
    DELETE FROM exchange.shown_code s WHERE s.person_key = person OR s.expires_at < now() - interval '1 hour';
    INSERT INTO exchange.shown_code VALUES (code, person, now() + make_interval(secs => least(seconds, 120)))
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- Whose code this is, once; NULL for none that stands.
CREATE FUNCTION exchange.take_code(code bytea) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM exchange.shown_code s WHERE s.digest = code AND s.expires_at > now() RETURNING s.person_key;
$$;

REVOKE ALL ON FUNCTION exchange.confirmation_state(text), exchange.show_code(bigint, bytea, bytea, integer),
    exchange.take_code(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.confirmation_state(text), exchange.show_code(bigint, bytea, bytea, integer),
    exchange.take_code(bytea) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
