-- What falls due is passed up and counted; an account of somebody who died is closed after the days of the rule; a child
-- comes to level 2 with a parent or guardian the registry knows; rows a demonstration made up say so.

-- `guardian_key`: who came with a child, proved against the registry. `escalated_at`: overdue and shown to the organisation above.
ALTER TABLE accounts.visit ADD COLUMN guardian_key bigint;
ALTER TABLE accounts.visit ADD COLUMN escalated_at timestamptz;
ALTER TABLE accounts.lock ADD COLUMN escalated_at timestamptz;
CREATE INDEX visit_due_idx ON accounts.visit (due_on) WHERE state = 'second';
GRANT UPDATE (escalated_at) ON accounts.visit TO dancu_worker;

-- Closed for good, and why; a closed account keeps its history and frees its phone.
ALTER TABLE accounts.account ADD COLUMN closed_at timestamptz;
ALTER TABLE accounts.account ADD COLUMN closed_reason text NOT NULL DEFAULT '';
ALTER TABLE accounts.account ADD CONSTRAINT account_closed_says_why
    CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (closed_reason = ''));
CREATE INDEX lock_death_idx ON accounts.lock (asked_at) WHERE state = 'standing' AND ground = 'death';
GRANT UPDATE (closed_at, closed_reason) ON accounts.account TO dancu_app, dancu_worker;
GRANT SELECT ON accounts.office TO dancu_gate;

-- `made_up`: filled in by a demonstration, nobody ever applied; no message is sent for it.
ALTER TABLE accounts.account ADD COLUMN made_up boolean NOT NULL DEFAULT false;
ALTER TABLE accounts.application ADD COLUMN made_up boolean NOT NULL DEFAULT false;

SET LOCAL ROLE dancu_gate;

DROP FUNCTION accounts.visits_at(bigint[], text[], integer);
-- Visits of offices by state, without anything about the person but the key: what was passed up first, then what falls due.
CREATE FUNCTION accounts.visits_at(offices bigint[], states text[], most integer) RETURNS TABLE (visit_id bigint,
    person_key bigint, office_id bigint, channel text, state text, opened_by bigint, opened_at timestamptz, due_on date,
    decided_by bigint, circumstances text[], escalated_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.visit_id, v.person_key, v.office_id, v.channel, v.state, v.opened_by, v.opened_at, v.due_on, v.decided_by,
           v.circumstances, v.escalated_at
      FROM accounts.visit v WHERE v.office_id = ANY (offices) AND v.state = ANY (states)
     ORDER BY v.escalated_at IS NULL, v.due_on NULLS LAST, v.opened_at LIMIT most;
$$;

DROP FUNCTION accounts.locks_waiting(text, bigint, text, bytea, text, text, text, text, integer);
-- Requests for a lock that wait, of the officer's organisation and those right below it: passed up first, then due first;
-- one entry per person listed.
CREATE FUNCTION accounts.locks_waiting(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, how_many integer
) RETURNS TABLE (person_key bigint, lock_id bigint, asked_by bigint, asked_org text, asked_at timestamptz, due_on date,
                 escalated_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    keys bigint[];
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'eid.lock');
    IF actor_kind <> 'staff' OR NOT held.ok OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'eid.lock') THEN
        RAISE EXCEPTION 'no right to decide on locks' USING ERRCODE = 'DA003';
    END IF;
    SELECT array_agg(w.lock_id) INTO keys FROM (
        SELECT l.lock_id FROM accounts.lock l
         WHERE l.state = 'requested' AND (l.asked_org = org_code
               OR EXISTS (SELECT FROM access.organisation o WHERE o.org_code = l.asked_org AND o.parent = org_code))
         ORDER BY l.escalated_at IS NULL, l.due_on, l.lock_id LIMIT least(how_many, 200)) AS w;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, l.person_key, ARRAY['account'],
                   request_id, channel, NULL, NULL)::audit.entry_in
        FROM accounts.lock l WHERE l.lock_id = ANY (keys) GROUP BY l.person_key));
    RETURN QUERY SELECT l.person_key, l.lock_id, l.asked_by, l.asked_org, l.asked_at, l.due_on, l.escalated_at
        FROM accounts.lock l WHERE l.lock_id = ANY (keys) ORDER BY l.escalated_at IS NULL, l.due_on, l.lock_id;
END $$;

-- How much of what has a deadline waits and how much of it is late, by kind and commune, for who answers for the area
-- (`dashboard.read`) or works in it (`eid.application.read`). Counts alone, never a row about a person.
CREATE FUNCTION accounts.deadlines(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, permission text, purpose text, legal_basis text,
    request_id text, channel text
) RETURNS TABLE (kind text, unit_id integer, waiting bigint, overdue bigint, oldest date)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record; today date := access.today();
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, permission);
    IF actor_kind <> 'staff' OR NOT held.ok OR permission NOT IN ('dashboard.read', 'eid.application.read')
       OR NOT access.purpose_ok(purpose, legal_basis, today, permission) THEN
        RAISE EXCEPTION 'no right to read figures' USING ERRCODE = 'DA003';
    END IF;
    PERFORM audit.record(ARRAY[ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, NULL,
        ARRAY['figures'], request_id, channel, NULL, NULL)::audit.entry_in]);
    RETURN QUERY
        WITH mine AS (
            SELECT u.unit_id FROM territory.unit u
             WHERE held."national" OR u.unit_id = ANY (held.areas) OR u.parent_id = ANY (held.areas)
        ), open AS (
            SELECT 'application' AS kind, p.unit_id, p.due_on FROM accounts.application p
             WHERE p.state IN ('submitted', 'waiting', 'second') AND (held."national" OR p.areas && held.areas)
            UNION ALL
            SELECT 'visit', o.unit_id, v.due_on FROM accounts.visit v JOIN accounts.office o ON o.office_id = v.office_id
             WHERE v.state = 'second' AND o.unit_id IN (SELECT m.unit_id FROM mine m)
            UNION ALL
            SELECT 'lock', NULL, l.due_on FROM accounts.lock l
             WHERE l.state = 'requested' AND (held."national" OR l.asked_org = org_code
                   OR EXISTS (SELECT FROM access.organisation o WHERE o.org_code = l.asked_org AND o.parent = org_code))
        )
        SELECT o.kind, o.unit_id, count(*), count(*) FILTER (WHERE o.due_on < today),
               min(o.due_on) FILTER (WHERE o.due_on < today)
          FROM open o GROUP BY 1, 2;
END $$;

REVOKE ALL ON FUNCTION accounts.visits_at(bigint[], text[], integer),
    accounts.locks_waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.deadlines(text, bigint, text, bytea, text, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.visits_at(bigint[], text[], integer) TO dancu_app, dancu_worker;
GRANT EXECUTE ON FUNCTION accounts.locks_waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.deadlines(text, bigint, text, bytea, text, text, text, text, text) TO dancu_app;
