-- Watching staff: weekends and public holidays are odd hours too, brothers and sisters are relatives wherever they live, and an import
-- run is no officer who opens thousands of records.

INSERT INTO monitoring.threshold VALUES
    ('alert.free_day', 60, 'different persons opened by one staff member on one Saturday, Sunday or public holiday'),
    ('alert.free_day.brake', 300, 'from this many on the reading is held');

GRANT CREATE ON SCHEMA monitoring TO dancu_gate;
SET LOCAL ROLE dancu_gate;

DROP FUNCTION monitoring.detect(integer);

-- Look through the next entries of the log; how many. Every staff member in them is weighed by every rule over their
-- latest entries; what was decided before counts no more. `free`: public holidays; Saturdays and Sundays are free anyway.
-- What an import run wrote and compared is the run's doing, known by its own entries with the file's digest: it counts where
-- it touches the importer's own people or protected ones, and is no pattern of somebody looking.
CREATE FUNCTION monitoring.detect(most integer, free date[]) RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    t jsonb := (SELECT jsonb_object_agg(h.code, h.value) FROM monitoring.threshold h);
    from_idx bigint; to_idx bigint; who record; hit record; hold boolean; jobs text[];
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
        jobs := ARRAY(SELECT 'import_run ' || r.run_id FROM population.import_run r WHERE r.actor_kind = 'staff' AND r.actor_id = who.staff);
        FOR hit IN
            WITH home AS MATERIALIZED (
                SELECT DISTINCT r.unit_id, r.hamlet_id, r.address FROM monitoring.staff_person o JOIN population.residence r USING (person_key)
                 WHERE o.staff_id = who.staff AND r.kind IN ('permanent', 'temporary') AND upper_inf(r.recorded) AND upper_inf(r.valid)
            ), kept AS MATERIALIZED (
                SELECT o.person_key FROM monitoring.staff_person o WHERE o.staff_id = who.staff
                UNION
                SELECT k.relative_key FROM monitoring.staff_person o JOIN population.kinship k USING (person_key)
                 WHERE o.staff_id = who.staff AND k.relative_key IS NOT NULL AND upper_inf(k.recorded)
                UNION
                SELECT k.person_key FROM monitoring.staff_person o JOIN population.kinship k ON k.relative_key = o.person_key
                 WHERE o.staff_id = who.staff AND upper_inf(k.recorded)
                UNION
                -- Brothers and sisters, wherever they live: those who have a parent in common with the staff member.
                SELECT s.person_key FROM monitoring.staff_person o JOIN population.kinship k USING (person_key)
                  JOIN population.kinship s ON s.relative_key = k.relative_key
                 WHERE o.staff_id = who.staff AND k.relation IN ('father', 'mother') AND s.relation IN ('father', 'mother')
                   AND upper_inf(k.recorded) AND upper_inf(s.recorded)
                UNION
                SELECT n.person_key FROM monitoring.staff_person o JOIN population.household_member m USING (person_key)
                  JOIN population.household_member n ON n.household_key = m.household_key
                 WHERE o.staff_id = who.staff AND upper_inf(m.recorded) AND upper_inf(n.recorded) AND upper_inf(m.valid) AND upper_inf(n.valid)
            ), seen AS MATERIALIZED (
                SELECT c.entry_id, c.at, c.subject, c.purpose, c.case_ref, c.channel,
                       extract(hour FROM c.at AT TIME ZONE 'UTC' + interval '7 hours') AS hour,
                       (c.at AT TIME ZONE 'UTC' + interval '7 hours')::date AS day,
                       c.purpose = 'import' AND c.channel <> 'web' AND c.note ->> 'verb' = 'import' AND coalesce(c.note ->> 'ref' = ANY (jobs), false) AS job
                  FROM (SELECT x.* FROM audit.content x WHERE x.actor_kind = 'staff' AND x.actor_id = who.staff AND x.idx <= to_idx
                         ORDER BY x.idx DESC LIMIT 5000) c
                 WHERE c.at > who.latest - interval '1 day' AND c.subject IS NOT NULL AND c.action IN ('read', 'write', 'export')
            ), since AS (
                SELECT a.rule, max(a.decided_at) AS at FROM monitoring.alert a
                 WHERE a.staff_id = who.staff AND a.state <> 'open' GROUP BY a.rule
            ), hits AS (
                SELECT 'burst' AS rule, s.* FROM seen s WHERE NOT s.job AND s.at > who.latest - interval '10 minutes'
                UNION ALL
                SELECT 'night', s.* FROM seen s WHERE NOT s.job AND s.at > who.latest - interval '8 hours' AND (s.hour >= 22 OR s.hour < 5)
                UNION ALL
                SELECT 'free_day', s.* FROM seen s WHERE NOT s.job AND (extract(isodow FROM s.day) > 5 OR s.day = ANY (free))
                UNION ALL
                SELECT 'famous', s.* FROM seen s JOIN monitoring.protected_person p ON p.person_key = s.subject
                UNION ALL
                SELECT 'own', s.* FROM seen s JOIN kept k ON k.person_key = s.subject
                UNION ALL
                -- Of the same hamlet, or at the same address where no hamlet stands; one's own people are `own`.
                SELECT 'neighbours', s.* FROM seen s
                 WHERE NOT s.job AND EXISTS (SELECT FROM home) AND NOT EXISTS (SELECT FROM kept k WHERE k.person_key = s.subject)
                   AND EXISTS (SELECT FROM population.residence r JOIN home h ON h.unit_id = r.unit_id
                        AND (h.hamlet_id = r.hamlet_id OR h.hamlet_id IS NULL AND r.hamlet_id IS NULL AND h.address <> '' AND h.address = r.address)
                       WHERE r.person_key = s.subject AND r.kind IN ('permanent', 'temporary') AND upper_inf(r.recorded) AND upper_inf(r.valid))
                UNION ALL
                SELECT 'no_case', s.* FROM seen s
                 WHERE coalesce(btrim(s.case_ref), '') = '' AND s.purpose IN ('public_service', 'identity_check')
                UNION ALL
                SELECT 'outside', s.* FROM seen s JOIN population.person p ON p.person_key = s.subject
                  JOIN (SELECT r.areas FROM access.staff_right r WHERE r.staff_id = who.staff AND r.permission = 'person.read') r
                    ON cardinality(r.areas) > 0 AND NOT p.areas && r.areas AND NOT s.job
            ), numbered AS (
                SELECT s.entry_id, s.at, s.subject, s.channel, d.number::bigint AS number FROM seen s
                  JOIN population.directory d ON d.person_key = s.subject AND d.kind = 'personal_id' AND d.state = 'active'
                 WHERE NOT s.job AND s.at > who.latest - interval '1 hour'
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

REVOKE ALL ON FUNCTION monitoring.detect(integer, date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring.detect(integer, date[]) TO dancu_worker;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA monitoring FROM dancu_gate;
