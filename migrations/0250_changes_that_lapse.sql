-- A change of contact that no second officer confirmed in its day ends by itself: the worker ends it and tells the holder, and for a
-- week the office where it began finds it on its list, unless it was begun anew.
SET LOCAL ROLE dancu_owner;
GRANT UPDATE (state, decided_at, reason) ON accounts.contact_change TO dancu_worker;
CREATE INDEX contact_change_runs_out ON accounts.contact_change (expires_at) WHERE state = 'requested';
CREATE INDEX contact_change_lapsed ON accounts.contact_change (asked_org, decided_at) WHERE state = 'refused' AND reason = 'expired';
GRANT CREATE ON SCHEMA accounts TO dancu_gate;
RESET ROLE;

SET LOCAL ROLE dancu_gate;
CREATE OR REPLACE FUNCTION accounts.waiting_for_second(org text, how_many integer)
RETURNS TABLE (person bigint, what text, item bigint, who bigint, since timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH mine AS (SELECT org AS code UNION SELECT o.org_code FROM access.organisation o WHERE o.parent = org),
    found (person, what, item, who, since) AS (
        SELECT c.person_key, 'contact', c.change_id, c.asked_by, c.asked_at FROM accounts.contact_change c
         WHERE c.state = 'requested' AND c.asked_org IN (SELECT code FROM mine) AND c.expires_at > now()
        UNION ALL
        SELECT r.person_key, 'recovery', r.recovery_id, r.started_by, r.started_at FROM accounts.recovery r
         WHERE r.state = 'open' AND r.needs = 'second' AND r.second_by IS NULL AND r.started_org IN (SELECT code FROM mine) AND r.expires_at > now()
        UNION ALL
        SELECT c.person_key, 'lapsed', c.change_id, c.asked_by, c.asked_at FROM accounts.contact_change c
         WHERE c.state = 'refused' AND c.reason = 'expired' AND c.asked_org IN (SELECT code FROM mine) AND c.decided_at > now() - interval '7 days'
           AND NOT EXISTS (SELECT FROM accounts.contact_change n WHERE n.person_key = c.person_key AND n.kind = c.kind AND n.change_id > c.change_id))
    SELECT f.person, f.what, f.item, f.who, f.since FROM found f ORDER BY f.what = 'lapsed', f.since LIMIT least(how_many, 200);
$$;
RESET ROLE;

SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA accounts FROM dancu_gate;
RESET ROLE;
