-- Alerts count every look; reading is held for looks at a screen only. A program that works through a list for an officer (the API, the
-- command line) is told on like anybody, but stopping it in the middle of a job is for a person to decide.

-- More than a hand can open.
UPDATE monitoring.threshold SET value = 300 WHERE code IN ('alert.burst.brake', 'alert.night.brake');

GRANT CREATE ON SCHEMA monitoring TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Look through the next entries of the log; how many. Every staff member in them is weighed by every rule over their
-- latest entries; what was decided before counts no more.
CREATE OR REPLACE FUNCTION monitoring.detect(most integer) RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    t jsonb := (SELECT jsonb_object_agg(h.code, h.value) FROM monitoring.threshold h);
    from_idx bigint; to_idx bigint; who record; hit record; hold boolean;
BEGIN
    SELECT w.idx INTO from_idx FROM monitoring.watched w FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN 0; END IF;
    SELECT max(c.idx) INTO to_idx FROM (SELECT x.idx FROM audit.content x WHERE x.idx > from_idx ORDER BY x.idx LIMIT most) c;
    IF to_idx IS NULL THEN RETURN 0; END IF;
    FOR who IN
        SELECT c.actor_id AS staff, max(c.at) AS latest, max(c.org_code) AS org FROM audit.content c
         WHERE c.idx > from_idx AND c.idx <= to_idx AND c.actor_kind = 'staff' AND c.actor_id > 0 AND c.subject IS NOT NULL
           AND c.action IN ('read', 'write', 'export')
         GROUP BY c.actor_id
    LOOP
        FOR hit IN
            WITH seen AS MATERIALIZED (
                SELECT c.entry_id, c.at, c.subject, c.purpose, c.case_ref, c.channel,
                       extract(hour FROM c.at AT TIME ZONE 'UTC' + interval '7 hours') AS hour
                  FROM (SELECT x.* FROM audit.content x WHERE x.actor_kind = 'staff' AND x.actor_id = who.staff AND x.idx <= to_idx
                         ORDER BY x.idx DESC LIMIT 5000) c
                 WHERE c.at > who.latest - interval '1 day' AND c.subject IS NOT NULL AND c.action IN ('read', 'write', 'export')
            ), since AS (
                SELECT a.rule, max(a.decided_at) AS at FROM monitoring.alert a
                 WHERE a.staff_id = who.staff AND a.state <> 'open' GROUP BY a.rule
            ), hits AS (
                SELECT 'burst' AS rule, s.* FROM seen s WHERE s.at > who.latest - interval '10 minutes'
                UNION ALL
                SELECT 'night', s.* FROM seen s WHERE s.at > who.latest - interval '8 hours' AND (s.hour >= 22 OR s.hour < 5)
                UNION ALL
                SELECT 'famous', s.* FROM seen s JOIN monitoring.protected_person p ON p.person_key = s.subject
                UNION ALL
                SELECT 'own', s.* FROM seen s WHERE EXISTS (
                    SELECT FROM monitoring.staff_person o WHERE o.staff_id = who.staff AND (o.person_key = s.subject
                        OR EXISTS (SELECT FROM population.kinship k WHERE k.person_key = o.person_key AND k.relative_key = s.subject
                                      AND upper_inf(k.recorded))
                        OR EXISTS (SELECT FROM population.household_member m JOIN population.household_member n USING (household_key)
                                    WHERE m.person_key = o.person_key AND n.person_key = s.subject AND upper_inf(m.recorded)
                                      AND upper_inf(n.recorded) AND upper_inf(m.valid) AND upper_inf(n.valid))))
                UNION ALL
                SELECT 'no_case', s.* FROM seen s
                 WHERE coalesce(btrim(s.case_ref), '') = '' AND s.purpose IN ('public_service', 'identity_check')
                UNION ALL
                SELECT 'outside', s.* FROM seen s JOIN population.person p ON p.person_key = s.subject
                  JOIN (SELECT r.areas FROM access.staff_right r WHERE r.staff_id = who.staff AND r.permission = 'person.read') r
                    ON cardinality(r.areas) > 0 AND NOT p.areas && r.areas
            ), numbered AS (
                SELECT s.entry_id, s.at, s.subject, s.channel, d.number::bigint AS number FROM seen s
                  JOIN population.directory d ON d.person_key = s.subject AND d.kind = 'personal_id' AND d.state = 'active'
                 WHERE s.at > who.latest - interval '1 hour'
            ), runs AS (
                -- Numbers that follow each other lie on one line: number minus rank.
                SELECT n.*, n.number - dense_rank() OVER (ORDER BY n.number) AS line FROM numbered n
            ), sequence AS (
                SELECT array_agg(r.entry_id ORDER BY r.at DESC) AS entries, count(DISTINCT r.subject) AS n,
                       count(DISTINCT r.subject) FILTER (WHERE r.channel = 'web') AS by_hand, min(r.at) AS first_at, max(r.at) AS last_at
                  FROM runs r WHERE r.at > coalesce((SELECT i.at FROM since i WHERE i.rule = 'sequence'), '-infinity') GROUP BY r.line
                 ORDER BY 2 DESC LIMIT 1
            )
            SELECT h.rule, count(DISTINCT h.subject) AS n,
                   count(DISTINCT h.subject) FILTER (WHERE h.channel = 'web') AS by_hand, array_agg(h.entry_id ORDER BY h.at DESC) AS entries, min(h.at) AS first_at, max(h.at) AS last_at
              FROM hits h LEFT JOIN since i ON i.rule = h.rule WHERE h.at > coalesce(i.at, '-infinity') GROUP BY h.rule
            UNION ALL
            SELECT 'sequence', q.n, q.by_hand, q.entries, q.first_at, q.last_at FROM sequence q
        LOOP
            CONTINUE WHEN hit.n < (t ->> ('alert.' || hit.rule))::numeric;
            hold := hit.by_hand >= (t ->> ('alert.' || hit.rule || '.brake'))::numeric;
            INSERT INTO monitoring.alert AS a (rule, staff_id, org_code, counted, entries, first_at, last_at, braked)
            VALUES (hit.rule, who.staff, who.org, hit.n, hit.entries[1:50], hit.first_at, hit.last_at, hold)
            ON CONFLICT (rule, staff_id) WHERE state = 'open' DO UPDATE
               SET counted = greatest(a.counted, excluded.counted), entries = excluded.entries, first_at = least(a.first_at, excluded.first_at),
                   last_at = excluded.last_at, braked = a.braked OR excluded.braked;
            IF hold AND NOT EXISTS (SELECT FROM access.brake b WHERE b.staff_id = who.staff AND b.until > now() AND b.lifted_at IS NULL) THEN
                INSERT INTO access.brake (staff_id, until)
                VALUES (who.staff, now() + make_interval(mins => (t ->> 'alert.brake_minutes')::integer)) ON CONFLICT DO NOTHING;
            END IF;
        END LOOP;
    END LOOP;
    UPDATE monitoring.watched SET idx = to_idx;
    RETURN (to_idx - from_idx)::integer;
END $$;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA monitoring FROM dancu_gate;
