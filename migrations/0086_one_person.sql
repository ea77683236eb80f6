-- A program that asks about one person hundreds of times in an hour: rules that count persons do not see it.

INSERT INTO monitoring.threshold VALUES
    ('alert.program_person', 200, 'calls of a program about one and the same person within an hour');

GRANT CREATE ON SCHEMA monitoring TO dancu_gate;
SET LOCAL ROLE dancu_gate;

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

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA monitoring FROM dancu_gate;
