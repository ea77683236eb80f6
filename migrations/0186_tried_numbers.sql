-- Who tries numbers of one province and year in any order mostly meets nobody. That most of what somebody tried within an hour is
-- nobody's is told, and held early, of officers and of programs, by whatever way they ask: of some ways (relations, dialects) the log of
-- calls has no line for each number, the evidence log has. Where one in fifty numbers is somebody's, forty tries meet nobody else.

INSERT INTO monitoring.threshold VALUES
    ('alert.misses', 20, 'numbers of nobody tried by one staff member within an hour'),
    ('alert.misses.share', 50, 'percent of nobody among those tried, below which honest work makes them'),
    ('alert.misses.brake', 40, 'from this many on the reading is held, also of a program that works for the officer'),
    ('alert.program_misses.share', 50, 'percent of nobody among those asked about, below which a program is not told on');
UPDATE monitoring.threshold SET value = 20, meaning = 'numbers of nobody asked by one program within an hour' WHERE code = 'alert.program_misses';
UPDATE monitoring.threshold SET value = 60 WHERE code = 'alert.program_misses.brake';

-- The misses of one program: few, beside everything programs ask.
CREATE INDEX content_missed ON audit.content (actor_id, idx DESC) WHERE actor_kind = 'client' AND action = 'denied' AND subject IS NULL;

GRANT CREATE ON SCHEMA monitoring TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Did an entry say that a number was nobody's? A name that fits nobody is no tried number.
CREATE FUNCTION monitoring.is_miss(action text, subject bigint, note jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT action = 'denied' AND subject IS NULL AND coalesce(note ->> 'verdict', '') IN ('not_found', 'unknown') AND coalesce(note ->> 'by', '') <> 'name'
$$;

-- Weigh the numbers of nobody that programs asked about within an hour; how many alerts there were reasons for.
CREATE FUNCTION monitoring.detect_misses() RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    t jsonb := (SELECT jsonb_object_agg(h.code, h.value) FROM monitoring.threshold h);
    ago timestamptz := clock_timestamp() - interval '1 hour'; raised integer := 0; hit record; met bigint;
BEGIN
    FOR hit IN
        SELECT p.client_no, p.org_code, since.at AS since, m.* FROM exchange.system p CROSS JOIN LATERAL (
            SELECT greatest(ago, max(a.decided_at)) AS at FROM monitoring.alert a
             WHERE a.client_no = p.client_no AND a.rule = 'program_misses' AND a.state <> 'open') since CROSS JOIN LATERAL (
            SELECT count(*) AS n, array_agg(x.entry_id ORDER BY x.idx DESC) AS entries, min(x.at) AS first_at, max(x.at) AS last_at
              FROM (SELECT c.* FROM audit.content c WHERE c.actor_kind = 'client' AND c.actor_id = p.client_no AND c.action = 'denied' AND c.subject IS NULL
                     ORDER BY c.idx DESC LIMIT 5000) x
             WHERE x.at > since.at AND monitoring.is_miss(x.action, x.subject, x.note)) m
         WHERE p.environment = 'live' AND m.n >= (t ->> 'alert.program_misses')::numeric
    LOOP
        SELECT count(DISTINCT c.subject) INTO met FROM audit.content c
         WHERE c.idx > (SELECT max(l.idx) FROM audit.content l) - 200000 AND c.actor_kind = 'client' AND c.actor_id = hit.client_no
           AND c.subject IS NOT NULL AND c.at > hit.since;
        CONTINUE WHEN 100 * hit.n < (t ->> 'alert.program_misses.share')::numeric * (hit.n + met);
        PERFORM monitoring.alert_program('program_misses', hit.client_no, hit.org_code, hit.n, hit.entries[1:50], hit.first_at, hit.last_at,
                                         hit.n >= (t ->> 'alert.program_misses.brake')::numeric);
        raised := raised + 1;
    END LOOP;
    RETURN raised;
END $$;
REVOKE ALL ON FUNCTION monitoring.detect_misses(), monitoring.is_miss(text, bigint, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring.detect_misses() TO dancu_worker;

-- Look through the next entries of the log; how many. Every staff member in them is weighed by every rule over their
-- latest entries; what was decided before counts no more. `free`: public holidays; Saturdays and Sundays are free anyway.
-- What an import run wrote and compared is the run's doing, known by its own entries with the file's digest: it counts where
-- it touches the importer's own people or protected ones, and is no pattern of somebody looking.
CREATE OR REPLACE FUNCTION monitoring.detect(most integer, free date[]) RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
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
         WHERE c.idx > from_idx AND c.idx <= to_idx AND c.actor_kind = 'staff' AND c.actor_id > 0
           AND (c.subject IS NOT NULL AND c.action IN ('read', 'write', 'export') OR monitoring.is_miss(c.action, c.subject, c.note))
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
            ), done AS MATERIALIZED (
                SELECT c.entry_id, c.at, c.subject, c.action, c.purpose, c.case_ref, c.channel, c.note, monitoring.is_miss(c.action, c.subject, c.note) AS miss
                  FROM (SELECT x.* FROM audit.content x WHERE x.actor_kind = 'staff' AND x.actor_id = who.staff AND x.idx <= to_idx
                         ORDER BY x.idx DESC LIMIT 5000) c
                 WHERE c.at > who.latest - interval '1 day'
            ), seen AS MATERIALIZED (
                SELECT c.entry_id, c.at, c.subject, c.purpose, c.case_ref, c.channel,
                       extract(hour FROM c.at AT TIME ZONE 'UTC' + interval '7 hours') AS hour,
                       (c.at AT TIME ZONE 'UTC' + interval '7 hours')::date AS day,
                       c.purpose = 'import' AND c.channel <> 'web' AND c.note ->> 'verb' = 'import' AND coalesce(c.note ->> 'ref' = ANY (jobs), false) AS job
                  FROM done c WHERE c.subject IS NOT NULL AND c.action IN ('read', 'write', 'export')
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
            ), tried AS (
                -- Of everybody a number or a search led to, whether the record was opened or refused: each person once.
                SELECT count(*) FILTER (WHERE d.miss) AS n, count(DISTINCT d.subject) AS met,
                       array_agg(d.entry_id ORDER BY d.at DESC) FILTER (WHERE d.miss) AS entries,
                       min(d.at) FILTER (WHERE d.miss) AS first_at, max(d.at) FILTER (WHERE d.miss) AS last_at
                  FROM done d WHERE d.at > who.latest - interval '1 hour' AND (d.miss OR d.subject IS NOT NULL)
                   AND d.at > coalesce((SELECT i.at FROM since i WHERE i.rule = 'misses'), '-infinity')
            )
            SELECT h.rule, count(DISTINCT h.subject) AS n,
                   count(DISTINCT h.subject) FILTER (WHERE h.channel = 'web') AS by_hand, array_agg(h.entry_id ORDER BY h.at DESC) AS entries, min(h.at) AS first_at, max(h.at) AS last_at
              FROM hits h LEFT JOIN since i ON i.rule = h.rule WHERE h.at > coalesce(i.at, '-infinity') GROUP BY h.rule
            UNION ALL
            SELECT 'sequence', q.n, q.by_hand, q.entries, q.first_at, q.last_at FROM sequence q
            UNION ALL
            -- A list of numbers half of which are nobody's is no work of an office, whatever program went through it.
            SELECT 'misses', m.n, m.n, m.entries, m.first_at, m.last_at FROM tried m
             WHERE m.n > 0 AND 100 * m.n >= (t ->> 'alert.misses.share')::numeric * (m.n + m.met)
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

-- Weigh what programs did lately, every ten seconds at most; how many alerts there were reasons for. Patterns of persons are seen in
-- the newest 20,000 entries of the log, patterns of calls in the newest 20,000 calls of each program.
CREATE OR REPLACE FUNCTION monitoring.detect_programs(every interval DEFAULT '10 seconds') RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    t jsonb := (SELECT jsonb_object_agg(h.code, h.value) FROM monitoring.threshold h);
    now_at timestamptz := clock_timestamp(); from_at timestamptz; top bigint; raised integer := 0; hit record; who record;
BEGIN
    SELECT w.programs_at INTO from_at FROM monitoring.watched w WHERE w.programs_at <= now_at - every FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN 0; END IF;
    UPDATE monitoring.watched SET programs_at = now_at;
    SELECT max(c.idx) INTO top FROM audit.content c;

    FOR hit IN
        WITH since AS (
            SELECT a.rule, a.client_no, max(a.decided_at) AS at FROM monitoring.alert a WHERE a.client_no IS NOT NULL AND a.state <> 'open' GROUP BY 1, 2
        ), seen AS MATERIALIZED (
            SELECT c.entry_id, c.at, c.subject, c.actor_id AS client, c.org_code AS org, coalesce(btrim(c.case_ref), '') AS case_ref
              FROM audit.content c JOIN exchange.system p ON p.client_no = c.actor_id
             WHERE c.idx > top - 20000 AND c.actor_kind = 'client' AND c.channel = 'api' AND c.subject IS NOT NULL AND c.action = 'read'
               AND c.at > now_at - interval '1 day'
        ), fresh AS (
            SELECT s.client FROM seen s GROUP BY s.client HAVING max(s.at) > from_at - interval '1 minute'
        ), numbered AS (
            SELECT s.*, d.number::bigint AS number FROM seen s JOIN fresh f USING (client)
              JOIN population.directory d ON d.person_key = s.subject AND d.kind = 'personal_id' AND d.state = 'active'
              LEFT JOIN since i ON i.rule = 'program_sequence' AND i.client_no = s.client
             WHERE s.at > now_at - interval '1 hour' AND s.at > coalesce(i.at, '-infinity')
        ), runs AS (
            -- Numbers that follow each other lie on one line: number minus rank.
            SELECT n.*, n.number - dense_rank() OVER (PARTITION BY n.client ORDER BY n.number) AS line FROM numbered n
        ), lines AS (
            SELECT 'program_sequence' AS rule, r.client, max(r.org) AS org, count(DISTINCT r.subject) AS n, array_agg(r.entry_id ORDER BY r.at DESC) AS entries,
                   min(r.at) AS first_at, max(r.at) AS last_at FROM runs r GROUP BY r.client, r.line
            UNION ALL
            SELECT 'program_case', s.client, max(s.org), count(DISTINCT s.subject), array_agg(s.entry_id ORDER BY s.at DESC), min(s.at), max(s.at)
              FROM seen s JOIN fresh f USING (client) LEFT JOIN since i ON i.rule = 'program_case' AND i.client_no = s.client
             WHERE s.at > coalesce(i.at, '-infinity') GROUP BY s.client, s.case_ref
            UNION ALL
            SELECT 'program_person', s.client, max(s.org), count(*), array_agg(s.entry_id ORDER BY s.at DESC), min(s.at), max(s.at)
              FROM seen s JOIN fresh f USING (client) LEFT JOIN since i ON i.rule = 'program_person' AND i.client_no = s.client
             WHERE s.at > now_at - interval '1 hour' AND s.at > coalesce(i.at, '-infinity') GROUP BY s.client, s.subject
        )
        SELECT DISTINCT ON (l.rule, l.client) l.* FROM lines l ORDER BY l.rule, l.client, l.n DESC
    LOOP
        CONTINUE WHEN hit.n < (t ->> ('alert.' || hit.rule))::numeric;
        PERFORM monitoring.alert_program(hit.rule, hit.client, hit.org, hit.n, hit.entries[1:50], hit.first_at, hit.last_at,
                                         hit.n >= coalesce((t ->> ('alert.' || hit.rule || '.brake'))::numeric, 'Infinity'));
        raised := raised + 1;
    END LOOP;

    FOR who IN SELECT s.client_no, s.org_code FROM exchange.system s
                WHERE s.environment = 'live' AND EXISTS (SELECT FROM exchange.call c WHERE c.org_code = s.org_code AND c.at > greatest(from_at, now_at - interval '1 hour') - interval '1 minute')
    LOOP
        FOR hit IN
            WITH since AS (
                SELECT a.rule, max(a.decided_at) AS at FROM monitoring.alert a WHERE a.client_no = who.client_no AND a.state <> 'open' GROUP BY 1
            ), recent AS MATERIALIZED (
                SELECT c.at, c.service, c.verdict, c.entries FROM exchange.call c
                 WHERE c.org_code = who.org_code AND c.client_no = who.client_no AND c.environment = 'live' AND c.at > now_at - interval '1 hour'
                 ORDER BY c.at DESC LIMIT 20000
            ), bursts AS (
                -- Where the newest 20,000 calls reach back less than ten minutes, their pace is taken for the rest.
                SELECT r.service, min(r.at) AS first_at, max(r.at) AS last_at,
                       sum(r.entries) * CASE WHEN count(*) = 20000 THEN 600 / greatest(extract(epoch FROM now_at - min(r.at)), 1) ELSE 1 END AS n
                  FROM recent r LEFT JOIN since i ON i.rule = 'program_burst'
                 WHERE r.at > now_at - interval '10 minutes' AND r.at > coalesce(i.at, '-infinity') AND r.verdict = 'ok' GROUP BY r.service
            ), shares AS (
                SELECT b.*, 100 * b.n / a.quota_day AS share FROM bursts b
                  JOIN sharing.data_agreement a ON a.org_code = who.org_code AND a.service = b.service AND a.state = 'in_force'
                 WHERE b.n >= (t ->> 'alert.program_burst.least')::numeric
            ), asked AS (
                SELECT CASE WHEN r.verdict = 'agreement.hours' THEN 'program_hours'
                            WHEN r.verdict LIKE 'agreement.%' THEN 'program_outside' END AS rule, r.at
                  FROM recent r
            )
            SELECT 'program_burst' AS rule, max(s.n)::bigint AS n, max(s.share) AS weight, min(s.first_at) AS first_at, max(s.last_at) AS last_at
              FROM shares s HAVING count(*) > 0
            UNION ALL
            SELECT a.rule, count(*), count(*), min(a.at), max(a.at) FROM asked a LEFT JOIN since i USING (rule)
             WHERE a.rule IS NOT NULL AND a.at > coalesce(i.at, '-infinity') GROUP BY a.rule
        LOOP
            CONTINUE WHEN hit.weight < (t ->> ('alert.' || hit.rule))::numeric;
            PERFORM monitoring.alert_program(
                hit.rule, who.client_no, who.org_code, hit.n,
                ARRAY(SELECT c.entry_id FROM audit.content c WHERE c.idx > top - 20000 AND c.actor_kind = 'client' AND c.actor_id = who.client_no AND c.subject IS NOT NULL
                         AND c.at BETWEEN hit.first_at - interval '5 seconds' AND hit.last_at + interval '5 seconds' ORDER BY c.idx DESC LIMIT 50),
                hit.first_at, hit.last_at, hit.weight >= coalesce((t ->> ('alert.' || hit.rule || '.brake'))::numeric, 'Infinity'));
            raised := raised + 1;
        END LOOP;
    END LOOP;
    RETURN raised;
END $$;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA monitoring FROM dancu_gate;
