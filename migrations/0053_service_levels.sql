-- Watching exchange: what is promised of each data service, what we could not answer, how sources fare lately; and alerts about
-- programs beside those about staff, with a hold on the program as the brake.

-- What is promised: of a service ('' all of them) to an organisation ('' any). The most particular row counts.
CREATE TABLE exchange.service_level (
    service text NOT NULL,
    org_code text NOT NULL DEFAULT '',
    availability numeric NOT NULL CHECK (availability BETWEEN 50 AND 100),
    p95_ms integer NOT NULL CHECK (p95_ms > 0),
    CONSTRAINT service_level_pkey PRIMARY KEY (service, org_code)
);
INSERT INTO exchange.service_level (service, availability, p95_ms) VALUES
    ('', 99.5, 1000), ('verify', 99.9, 300), ('lookup', 99.9, 500), ('residence', 99.9, 1000), ('reconcile', 99.0, 5000),
    ('confirm', 99.5, 3000);
GRANT SELECT ON exchange.service_level TO dancu_app, dancu_verify;

-- Calls of known programs that we could not answer: not in the log of calls, because the same message may come again.
CREATE TABLE exchange.unanswered (
    org_code text NOT NULL,
    service text NOT NULL,
    hour timestamptz NOT NULL,
    calls bigint NOT NULL DEFAULT 1 CHECK (calls > 0),
    CONSTRAINT unanswered_pkey PRIMARY KEY (org_code, service, hour)
);
GRANT SELECT, INSERT, UPDATE ON exchange.unanswered TO dancu_app;
GRANT SELECT ON exchange.unanswered TO dancu_verify;

-- Of the last score of askings: `mean_ms`, and `mean_failed` from 0 (all answered) to 1. `as_of`: the day of the ministry's data
-- in its last answer.
ALTER TABLE exchange.connector_state
    ADD COLUMN mean_ms real,
    ADD COLUMN mean_failed real NOT NULL DEFAULT 0 CHECK (mean_failed BETWEEN 0 AND 1),
    ADD COLUMN as_of date;

-- A program that may not call until somebody looked at what it did.
CREATE TABLE exchange.hold (
    client_no bigint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    lifted_at timestamptz,
    rule text NOT NULL,
    CONSTRAINT hold_pkey PRIMARY KEY (client_no, set_at),
    CONSTRAINT hold_system_fkey FOREIGN KEY (client_no) REFERENCES exchange.system (client_no),
    CONSTRAINT hold_ends CHECK (until > set_at)
);
GRANT SELECT ON exchange.hold TO dancu_app, dancu_worker, dancu_verify;
GRANT SELECT, INSERT, UPDATE ON exchange.hold TO dancu_gate;
GRANT UPDATE ON exchange.change TO dancu_gate;
GRANT SELECT ON exchange.system, exchange.partner, sharing.data_agreement TO dancu_gate;

INSERT INTO monitoring.threshold VALUES
    ('alert.program_burst', 25, 'percent of the day''s quota of a data service asked by one program within ten minutes'),
    ('alert.program_burst.brake', 60, 'from this many percent on the program is held'),
    ('alert.program_burst.least', 500, 'persons asked about within ten minutes, below which no burst is seen'),
    ('alert.program_sequence', 20, 'personal numbers that follow each other, asked by one program within an hour'),
    ('alert.program_sequence.brake', 60, 'from this many on the program is held'),
    ('alert.program_misses', 200, 'questions about nobody by one program within an hour, where they are most of what it asks'),
    ('alert.program_misses.brake', 1000, 'from this many on the program is held'),
    ('alert.program_case', 300, 'different persons within a day under one and the same case, or none, by call'),
    ('alert.program_hours', 20, 'calls outside the hours of the agreement within an hour'),
    ('alert.program_outside', 50, 'calls for fields, purposes or services that are not agreed, within an hour'),
    ('alert.program_hold_minutes', 60, 'how long a program is held without a decision');

-- An alert is about a staff member or about a program.
ALTER TABLE monitoring.alert
    ALTER COLUMN staff_id DROP NOT NULL,
    ADD COLUMN client_no bigint,
    ADD CONSTRAINT alert_about_one CHECK ((staff_id IS NULL) <> (client_no IS NULL));
CREATE UNIQUE INDEX alert_one_open_of_a_program ON monitoring.alert (rule, client_no) WHERE state = 'open';
ALTER TABLE monitoring.watched ADD COLUMN programs_at timestamptz NOT NULL DEFAULT '-infinity';

GRANT CREATE ON SCHEMA monitoring TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Raise or grow one alert about a program; where it is grave, hold the program.
CREATE FUNCTION monitoring.alert_program(what text, client bigint, org text, n bigint, ids bigint[], began timestamptz, ended timestamptz, grave boolean)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO monitoring.alert AS a (rule, client_no, org_code, counted, entries, first_at, last_at, braked)
    VALUES (what, client, org, n, coalesce(ids, '{}'), began, ended, grave)
    ON CONFLICT (rule, client_no) WHERE state = 'open' DO UPDATE
       SET counted = greatest(a.counted, excluded.counted), first_at = least(a.first_at, excluded.first_at), last_at = greatest(a.last_at, excluded.last_at),
           entries = CASE WHEN excluded.entries = '{}' THEN a.entries ELSE excluded.entries END, braked = a.braked OR excluded.braked;
    IF grave AND NOT EXISTS (SELECT FROM exchange.hold h WHERE h.client_no = client AND h.until > now() AND h.lifted_at IS NULL) THEN
        INSERT INTO exchange.hold (client_no, until, rule) SELECT client, clock_timestamp() + make_interval(mins => t.value::integer), what
          FROM monitoring.threshold t WHERE t.code = 'alert.program_hold_minutes';
        UPDATE exchange.change SET seq = seq + 1;
    END IF;
END $$;

-- Weigh what programs did lately, every ten seconds at most; how many alerts there were reasons for. Patterns of persons are seen in
-- the newest 20,000 entries of the log, patterns of calls in the newest 20,000 calls of each program.
CREATE FUNCTION monitoring.detect_programs(every interval DEFAULT '10 seconds') RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
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
              FROM audit.content c
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
                SELECT CASE WHEN r.verdict IN ('person.not_found', 'person.ambiguous') THEN 'program_misses'
                            WHEN r.verdict = 'agreement.hours' THEN 'program_hours'
                            WHEN r.verdict LIKE 'agreement.%' THEN 'program_outside' END AS rule, r.at
                  FROM recent r
            )
            SELECT 'program_burst' AS rule, max(s.n)::bigint AS n, max(s.share) AS weight, min(s.first_at) AS first_at, max(s.last_at) AS last_at
              FROM shares s HAVING count(*) > 0
            UNION ALL
            SELECT a.rule, count(*), count(*), min(a.at), max(a.at) FROM asked a LEFT JOIN since i USING (rule)
             WHERE a.rule IS NOT NULL AND a.at > coalesce(i.at, '-infinity') GROUP BY a.rule
            HAVING a.rule <> 'program_misses' OR count(*) > (SELECT count(*) FROM recent r WHERE r.verdict = 'ok')
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

-- Decide one alert: 'justified' lifts the hold, 'confirmed' keeps it for a day. False where it is not open. Nobody decides
-- about themselves, nor about a program of their own organisation.
CREATE OR REPLACE FUNCTION monitoring.decide(staff bigint, session_hash bytea, asked audit.entry_in, one bigint, verdict text, reason text)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE about bigint; program bigint; what text;
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'exchange.alert')).ok OR asked.actor_id IS DISTINCT FROM staff THEN
        RAISE EXCEPTION 'no right to decide alerts' USING ERRCODE = 'DA003';
    END IF;
    UPDATE monitoring.alert a SET state = verdict, decided_by = staff, decided_at = clock_timestamp(), decision = reason
     WHERE a.alert_id = one AND a.state = 'open' AND a.staff_id IS DISTINCT FROM staff
       AND (a.client_no IS NULL OR a.org_code IS DISTINCT FROM (SELECT s.org_code FROM access.staff s WHERE s.staff_id = staff))
    RETURNING a.staff_id, a.client_no, a.rule INTO about, program, what;
    IF about IS NULL AND program IS NULL THEN RETURN false; END IF;
    PERFORM audit.record(ARRAY[asked]);
    IF program IS NOT NULL THEN
        IF verdict = 'justified' THEN
            UPDATE exchange.hold h SET lifted_at = clock_timestamp() WHERE h.client_no = program AND h.lifted_at IS NULL
               AND NOT EXISTS (SELECT FROM monitoring.alert a WHERE a.client_no = program AND a.state = 'open' AND a.braked);
        ELSE
            INSERT INTO exchange.hold (client_no, until, rule) VALUES (program, clock_timestamp() + interval '1 day', what);
        END IF;
        UPDATE exchange.change SET seq = seq + 1;
    ELSIF verdict = 'justified' THEN
        UPDATE access.brake b SET lifted_at = now() WHERE b.staff_id = about AND b.lifted_at IS NULL
           AND NOT EXISTS (SELECT FROM monitoring.alert a WHERE a.staff_id = about AND a.state = 'open' AND a.braked);
    ELSE
        INSERT INTO access.brake (staff_id, set_at, until) VALUES (about, clock_timestamp(), now() + interval '1 day');
    END IF;
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION monitoring.alert_program(text, bigint, text, bigint, bigint[], timestamptz, timestamptz, boolean),
    monitoring.detect_programs(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring.detect_programs(interval) TO dancu_worker;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA monitoring FROM dancu_gate;
