-- Which organisations have a desk is asked once for a list of cases, not once for each case.
SET LOCAL ROLE dancu_owner;
CREATE FUNCTION access.desks() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT s.org_code FROM access.staff s JOIN access.staff_right r ON r.staff_id = s.staff_id
     WHERE s.state <> 'inactive' AND r.permission = 'case.desk' AND r.until > access.today();
$$;
REVOKE ALL ON FUNCTION access.desks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.desks() TO dancu_gate;
RESET ROLE;

SET LOCAL ROLE dancu_gate;
-- The desk's list. `which`: 'desk' (open cases for me), 'sent' (what my organisation found, open or not). One evidence
-- entry per person shown.
CREATE OR REPLACE FUNCTION quality.desk_cases(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, which text, how_many integer DEFAULT 50
) RETURNS TABLE (person_key bigint, case_id bigint, kind text, data_group text, field text, opened_at timestamptz,
                 answer_due date, done_due date, state text, desk_org text, reporter_org text, source text, times integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    keys bigint[];
    coordinates boolean;
BEGIN
    SELECT * INTO held FROM quality.reachable(actor_id, session_hash, purpose, legal_basis);
    SELECT r.ok INTO coordinates FROM access.right_of(actor_id, session_hash, 'exchange.coordinate') AS r;
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
                   OR (held.desk AND (coordinates OR q.desk_org = ANY (held.below)) AND q.desk_org <> held.mine
                       AND (access.today() > CASE q.state WHEN 'waiting' THEN q.answer_due ELSE q.done_due END
                            OR q.desk_org NOT IN (SELECT d FROM access.desks() AS d))))
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
RESET ROLE;
