-- Detection on the evidence log: patterns that honest work rarely makes become alerts, each with its entries, decided by an
-- auditor, and the gravest hold the staff member's reading until then.

-- A hold on the reading of one staff member: `access.right_of` gives no right to persons while it lasts.
CREATE TABLE access.brake (
    staff_id bigint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    until timestamptz NOT NULL,
    lifted_at timestamptz,
    CONSTRAINT brake_pkey PRIMARY KEY (staff_id, set_at),
    CONSTRAINT brake_staff_fkey FOREIGN KEY (staff_id) REFERENCES access.staff (staff_id),
    CONSTRAINT brake_ends CHECK (until > set_at)
);
GRANT SELECT ON access.brake TO dancu_app, dancu_worker, dancu_verify, dancu_gate;
GRANT INSERT, UPDATE ON access.brake TO dancu_gate;

CREATE OR REPLACE FUNCTION access.right_of(staff_id bigint, session_hash bytea, permission text,
                                           OUT ok boolean, OUT "national" boolean, OUT areas int[])
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT true, r.national, r.areas INTO ok, "national", areas
      FROM access.session s
      JOIN access.staff_right r ON r.staff_id = s.actor_id AND r.permission = $3 AND r.until > access.today()
     WHERE s.token_hash = $2 AND s.actor_kind = 'staff' AND s.actor_id = $1 AND s.stage = 'full'
       AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen + s.idle > now()
       -- Held after an alert: nothing of citizens until it is decided or the hold runs out.
       AND NOT (left($3, 7) = 'person.' AND EXISTS (
           SELECT FROM access.brake b WHERE b.staff_id = $1 AND b.until > now() AND b.lifted_at IS NULL));
    IF NOT FOUND THEN
        ok := false; "national" := false; areas := '{}';
    END IF;
END $$;

INSERT INTO monitoring.threshold VALUES
    ('alert.burst', 60, 'different persons opened by one staff member within ten minutes'),
    ('alert.burst.brake', 150, 'from this many on the reading is held'),
    ('alert.night', 20, 'different persons opened by one staff member between 22:00 and 05:00'),
    ('alert.night.brake', 100, 'from this many on the reading is held'),
    ('alert.sequence', 6, 'personal numbers that follow each other, opened by one staff member within an hour'),
    ('alert.sequence.brake', 12, 'from this many on the reading is held'),
    ('alert.outside', 60, 'different persons outside one''s own areas within a day, for staff who have areas'),
    ('alert.outside.brake', 400, 'from this many on the reading is held'),
    ('alert.famous', 1, 'openings of a person under special protection'),
    ('alert.famous.brake', 5, 'from this many on the reading is held'),
    ('alert.own', 1, 'openings of one''s own record, relatives or household'),
    ('alert.own.brake', 5, 'from this many on the reading is held'),
    ('alert.no_case', 40, 'different persons opened within a day for a public service or identity check with no case'),
    ('alert.no_case.brake', 500, 'from this many on the reading is held'),
    ('alert.brake_minutes', 60, 'how long reading is held without a decision');

-- Persons under special protection (well known, threatened, witnesses) and the staff's own persons: who opens them is seen.
CREATE TABLE monitoring.protected_person (
    person_key bigint NOT NULL,
    reason text NOT NULL CHECK (reason IN ('well_known', 'threatened')),
    since timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT protected_person_pkey PRIMARY KEY (person_key)
);
CREATE TABLE monitoring.staff_person (
    person_key bigint NOT NULL,
    staff_id bigint NOT NULL,
    CONSTRAINT staff_person_pkey PRIMARY KEY (person_key, staff_id)
);
CREATE INDEX staff_person_staff_idx ON monitoring.staff_person (staff_id);

-- One open alert per rule and staff member. `entries`: evidence entries it rests on, the newest fifty.
CREATE TABLE monitoring.alert (
    alert_id bigint GENERATED ALWAYS AS IDENTITY,
    rule text NOT NULL,
    staff_id bigint NOT NULL,
    org_code text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'justified', 'confirmed')),
    counted bigint NOT NULL,
    entries bigint[] NOT NULL DEFAULT '{}',
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(),
    braked boolean NOT NULL DEFAULT false,
    decided_by bigint,
    decided_at timestamptz,
    decision text NOT NULL DEFAULT '',
    CONSTRAINT alert_pkey PRIMARY KEY (alert_id),
    CONSTRAINT alert_decided_whole CHECK ((state = 'open') = (decided_at IS NULL) AND (state = 'open') = (decision = '')),
    CONSTRAINT alert_not_one_s_own CHECK (decided_by <> staff_id)
);
CREATE UNIQUE INDEX alert_one_open ON monitoring.alert (rule, staff_id) WHERE state = 'open';
CREATE INDEX alert_staff_idx ON monitoring.alert (staff_id, raised_at);

-- How far the log was looked through.
CREATE TABLE monitoring.watched (one boolean NOT NULL DEFAULT true CHECK (one), idx bigint NOT NULL DEFAULT -1,
    CONSTRAINT watched_pkey PRIMARY KEY (one));
INSERT INTO monitoring.watched DEFAULT VALUES;

ALTER TABLE monitoring.protected_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring.protected_person FORCE ROW LEVEL SECURITY;
ALTER TABLE monitoring.staff_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring.staff_person FORCE ROW LEVEL SECURITY;
CREATE POLICY gate ON monitoring.protected_person TO dancu_gate USING (true);
CREATE POLICY verify ON monitoring.protected_person FOR SELECT TO dancu_verify USING (true);
CREATE POLICY gate ON monitoring.staff_person TO dancu_gate USING (true);
CREATE POLICY verify ON monitoring.staff_person FOR SELECT TO dancu_verify USING (true);
GRANT USAGE ON SCHEMA monitoring TO dancu_gate;
GRANT SELECT, INSERT, DELETE ON monitoring.protected_person, monitoring.staff_person TO dancu_gate;
GRANT SELECT, INSERT, UPDATE ON monitoring.alert, monitoring.watched TO dancu_gate;
GRANT SELECT ON monitoring.threshold TO dancu_gate, dancu_worker;
GRANT SELECT ON monitoring.alert, monitoring.watched, monitoring.protected_person, monitoring.staff_person TO dancu_verify;
GRANT SELECT ON audit.content TO dancu_gate;
GRANT SELECT ON access.staff, access.staff_right, access.session TO dancu_gate;

GRANT CREATE ON SCHEMA monitoring TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Look through the next entries of the log; how many. Every staff member in them is weighed by every rule over their
-- latest entries; what was decided before counts no more.
CREATE FUNCTION monitoring.detect(most integer) RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
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
                SELECT c.entry_id, c.at, c.subject, c.purpose, c.case_ref,
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
                SELECT s.entry_id, s.at, s.subject, d.number::bigint AS number FROM seen s
                  JOIN population.directory d ON d.person_key = s.subject AND d.kind = 'personal_id' AND d.state = 'active'
                 WHERE s.at > who.latest - interval '1 hour'
            ), runs AS (
                -- Numbers that follow each other lie on one line: number minus rank.
                SELECT n.*, n.number - dense_rank() OVER (ORDER BY n.number) AS line FROM numbered n
            ), sequence AS (
                SELECT array_agg(r.entry_id ORDER BY r.at DESC) AS entries, count(DISTINCT r.subject) AS n, min(r.at) AS first_at, max(r.at) AS last_at
                  FROM runs r WHERE r.at > coalesce((SELECT i.at FROM since i WHERE i.rule = 'sequence'), '-infinity') GROUP BY r.line
                 ORDER BY 2 DESC LIMIT 1
            )
            SELECT h.rule, count(DISTINCT h.subject) AS n, array_agg(h.entry_id ORDER BY h.at DESC) AS entries, min(h.at) AS first_at, max(h.at) AS last_at
              FROM hits h LEFT JOIN since i ON i.rule = h.rule WHERE h.at > coalesce(i.at, '-infinity') GROUP BY h.rule
            UNION ALL
            SELECT 'sequence', q.n, q.entries, q.first_at, q.last_at FROM sequence q
        LOOP
            CONTINUE WHEN hit.n < (t ->> ('alert.' || hit.rule))::numeric;
            hold := hit.n >= (t ->> ('alert.' || hit.rule || '.brake'))::numeric;
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

-- Alerts for somebody who may decide them (open ones first, newest first); the look is an entry. DA003 without the right.
CREATE FUNCTION monitoring.alerts(staff bigint, session_hash bytea, asked audit.entry_in, only_open boolean, one bigint DEFAULT NULL)
RETURNS SETOF monitoring.alert LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'exchange.alert')).ok OR asked.actor_id IS DISTINCT FROM staff THEN
        RAISE EXCEPTION 'no right to decide alerts' USING ERRCODE = 'DA003';
    END IF;
    PERFORM audit.record(ARRAY[asked]);
    RETURN QUERY SELECT a.* FROM monitoring.alert a
        WHERE (NOT only_open OR a.state = 'open') AND (one IS NULL OR a.alert_id = one)
        ORDER BY a.state <> 'open', a.last_at DESC LIMIT 200;
END $$;

-- Decide one alert: 'justified' lifts the hold, 'confirmed' keeps it for a day. False where it is not open. Nobody decides
-- about themselves.
CREATE FUNCTION monitoring.decide(staff bigint, session_hash bytea, asked audit.entry_in, one bigint, verdict text, reason text)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE about bigint;
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'exchange.alert')).ok OR asked.actor_id IS DISTINCT FROM staff THEN
        RAISE EXCEPTION 'no right to decide alerts' USING ERRCODE = 'DA003';
    END IF;
    UPDATE monitoring.alert a SET state = verdict, decided_by = staff, decided_at = clock_timestamp(), decision = reason
     WHERE a.alert_id = one AND a.state = 'open' AND a.staff_id <> staff RETURNING a.staff_id INTO about;
    IF about IS NULL THEN RETURN false; END IF;
    PERFORM audit.record(ARRAY[asked]);
    IF verdict = 'justified' THEN
        UPDATE access.brake b SET lifted_at = now() WHERE b.staff_id = about AND b.lifted_at IS NULL
           AND NOT EXISTS (SELECT FROM monitoring.alert a WHERE a.staff_id = about AND a.state = 'open' AND a.braked);
    ELSE
        INSERT INTO access.brake (staff_id, set_at, until) VALUES (about, clock_timestamp(), now() + interval '1 day');
    END IF;
    RETURN true;
END $$;

-- Put a person under special protection, or end it (`reason` NULL). Only who may decide alerts; the person must be open.
CREATE FUNCTION monitoring.protect(staff bigint, session_hash bytea, person bigint, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'exchange.alert')).ok THEN
        RAISE EXCEPTION 'no right to decide alerts' USING ERRCODE = 'DA003';
    END IF;
    DELETE FROM monitoring.protected_person p WHERE p.person_key = person;
    IF reason IS NOT NULL THEN INSERT INTO monitoring.protected_person (person_key, reason) VALUES (person, reason); END IF;
END $$;

REVOKE ALL ON FUNCTION monitoring.detect(integer), monitoring.alerts(bigint, bytea, audit.entry_in, boolean, bigint),
    monitoring.decide(bigint, bytea, audit.entry_in, bigint, text, text), monitoring.protect(bigint, bytea, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring.detect(integer) TO dancu_worker;
GRANT EXECUTE ON FUNCTION monitoring.alerts(bigint, bytea, audit.entry_in, boolean, bigint),
    monitoring.decide(bigint, bytea, audit.entry_in, bigint, text, text), monitoring.protect(bigint, bytea, bigint, text) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA monitoring FROM dancu_gate;
