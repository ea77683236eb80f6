-- Whoever is on duty sets what is promised of data services, with the reason; auditors say who is under special protection and who of
-- the registry each staff member is, and looks at one's own neighbours are seen too.

-- What was promised when, by whom, why: the newest row of a pair is what exchange.service_level holds; NULL figures end it.
CREATE TABLE exchange.service_level_set (
    set_no bigint GENERATED ALWAYS AS IDENTITY,
    service text NOT NULL,
    org_code text NOT NULL,
    availability numeric,
    p95_ms integer,
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    -- NULL: the platform's operator.
    staff_id bigint,
    entry_id bigint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT service_level_set_pkey PRIMARY KEY (set_no),
    CONSTRAINT service_level_set_whole CHECK ((availability IS NULL) = (p95_ms IS NULL))
);
GRANT SELECT, INSERT ON exchange.service_level_set TO dancu_app;
GRANT SELECT ON exchange.service_level_set TO dancu_verify;
GRANT INSERT, UPDATE, DELETE ON exchange.service_level TO dancu_app;

-- What each ministry's database was asked, by day: for the report of the month. Counts only, of nobody.
CREATE TABLE exchange.connector_day (
    connector text NOT NULL,
    day date NOT NULL,
    answered bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    CONSTRAINT connector_day_pkey PRIMARY KEY (connector, day)
);
GRANT SELECT, INSERT, UPDATE ON exchange.connector_day TO dancu_app, dancu_worker;
GRANT SELECT ON exchange.connector_day TO dancu_verify;

INSERT INTO monitoring.threshold VALUES
    ('alert.neighbours', 5, 'different persons of one''s own hamlet opened within a day, beside relatives and household'),
    ('alert.neighbours.brake', 40, 'from this many on the reading is held');

GRANT SELECT ON population.residence TO dancu_gate;
GRANT CREATE ON SCHEMA monitoring, exchange TO dancu_gate;
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
            WITH home AS MATERIALIZED (
                SELECT DISTINCT r.unit_id, r.hamlet_id, r.address FROM monitoring.staff_person o JOIN population.residence r USING (person_key)
                 WHERE o.staff_id = who.staff AND r.kind IN ('permanent', 'temporary') AND upper_inf(r.recorded) AND upper_inf(r.valid)
            ), kept AS MATERIALIZED (
                SELECT o.person_key FROM monitoring.staff_person o WHERE o.staff_id = who.staff
                UNION
                SELECT k.relative_key FROM monitoring.staff_person o JOIN population.kinship k USING (person_key)
                 WHERE o.staff_id = who.staff AND k.relative_key IS NOT NULL AND upper_inf(k.recorded)
                UNION
                SELECT n.person_key FROM monitoring.staff_person o JOIN population.household_member m USING (person_key)
                  JOIN population.household_member n ON n.household_key = m.household_key
                 WHERE o.staff_id = who.staff AND upper_inf(m.recorded) AND upper_inf(n.recorded) AND upper_inf(m.valid) AND upper_inf(n.valid)
            ), seen AS MATERIALIZED (
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
                SELECT 'own', s.* FROM seen s JOIN kept k ON k.person_key = s.subject
                UNION ALL
                -- Of the same hamlet, or at the same address where no hamlet stands; one's own people are `own`.
                SELECT 'neighbours', s.* FROM seen s
                 WHERE EXISTS (SELECT FROM home) AND NOT EXISTS (SELECT FROM kept k WHERE k.person_key = s.subject)
                   AND EXISTS (SELECT FROM population.residence r JOIN home h ON h.unit_id = r.unit_id
                        AND (h.hamlet_id = r.hamlet_id OR h.hamlet_id IS NULL AND r.hamlet_id IS NULL AND h.address <> '' AND h.address = r.address)
                       WHERE r.person_key = s.subject AND r.kind IN ('permanent', 'temporary') AND upper_inf(r.recorded) AND upper_inf(r.valid))
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

-- The person of a personal number, and an entry of the log about them: whoever marks somebody is seen by them.
CREATE FUNCTION monitoring.marked(staff bigint, session_hash bytea, asked audit.entry_in, personal_number text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE found bigint;
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'exchange.alert')).ok OR asked.actor_id IS DISTINCT FROM staff THEN
        RAISE EXCEPTION 'no right to decide alerts' USING ERRCODE = 'DA003';
    END IF;
    SELECT d.person_key INTO found FROM population.directory d
     WHERE d.number = personal_number AND d.kind = 'personal_id' AND d.state = 'active';
    asked.subject := found;
    PERFORM audit.record(ARRAY[asked]);
    RETURN found;
END $$;

-- Put the person of a number under special protection, or end it (`why` NULL). False where the number is nobody's.
CREATE FUNCTION monitoring.protect_number(staff bigint, session_hash bytea, asked audit.entry_in, personal_number text, why text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE key bigint := monitoring.marked(staff, session_hash, asked, personal_number);
BEGIN
    IF key IS NULL THEN RETURN false; END IF;
    DELETE FROM monitoring.protected_person p WHERE p.person_key = key;
    IF why IS NOT NULL THEN INSERT INTO monitoring.protected_person (person_key, reason) VALUES (key, why); END IF;
    RETURN true;
END $$;

-- Say which person of the registry a staff member is. False where the number is nobody's.
CREATE FUNCTION monitoring.know_staff(staff bigint, session_hash bytea, asked audit.entry_in, whom bigint, personal_number text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE key bigint := monitoring.marked(staff, session_hash, asked, personal_number);
BEGIN
    IF key IS NULL THEN RETURN false; END IF;
    DELETE FROM monitoring.staff_person p WHERE p.staff_id = whom;
    INSERT INTO monitoring.staff_person (person_key, staff_id) VALUES (key, whom);
    RETURN true;
END $$;

-- Who is marked, without names: (what, last three digits of the number, reason, staff id, since). The look is an entry.
CREATE FUNCTION monitoring.marks(staff bigint, session_hash bytea, asked audit.entry_in)
RETURNS TABLE (what text, ending text, reason text, staff_id bigint, since timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT (access.right_of($1, $2, 'exchange.alert')).ok OR asked.actor_id IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'no right to decide alerts' USING ERRCODE = 'DA003';
    END IF;
    PERFORM audit.record(ARRAY[asked]);
    RETURN QUERY
        SELECT 'protected', coalesce(right(min(d.number), 3), ''), p.reason, NULL::bigint, p.since FROM monitoring.protected_person p
          LEFT JOIN population.directory d ON d.person_key = p.person_key AND d.kind = 'personal_id' AND d.state = 'active'
         GROUP BY p.person_key, p.reason, p.since
        UNION ALL
        SELECT 'staff', coalesce(right(min(d.number), 3), ''), '', o.staff_id, NULL::timestamptz FROM monitoring.staff_person o
          LEFT JOIN population.directory d ON d.person_key = o.person_key AND d.kind = 'personal_id' AND d.state = 'active'
         GROUP BY o.person_key, o.staff_id
        ORDER BY 1, 5 DESC NULLS LAST, 4 LIMIT 2000;
END $$;

-- What each organisation supplied in a time, by kind of event: counts only, of nobody.
CREATE FUNCTION exchange.supply_counts(since timestamptz, until timestamptz)
RETURNS TABLE (org_code text, kind text, accepted bigint, waiting bigint, refused bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.org_code, s.kind, count(*) FILTER (WHERE s.outcome = 'accepted'), count(*) FILTER (WHERE s.outcome = 'needs_verification'),
           count(*) FILTER (WHERE s.outcome = 'refused')
      FROM exchange.supply s WHERE s.at >= $1 AND s.at < $2 GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2
$$;
REVOKE ALL ON FUNCTION exchange.supply_counts(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.supply_counts(timestamptz, timestamptz) TO dancu_app;

DROP FUNCTION monitoring.protect(bigint, bytea, bigint, text);
REVOKE ALL ON FUNCTION monitoring.marked(bigint, bytea, audit.entry_in, text), monitoring.protect_number(bigint, bytea, audit.entry_in, text, text),
    monitoring.know_staff(bigint, bytea, audit.entry_in, bigint, text), monitoring.marks(bigint, bytea, audit.entry_in) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring.protect_number(bigint, bytea, audit.entry_in, text, text),
    monitoring.know_staff(bigint, bytea, audit.entry_in, bigint, text), monitoring.marks(bigint, bytea, audit.entry_in) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA monitoring, exchange FROM dancu_gate;
