-- Calls of data services: the hot path of verify and look-up in one statement for all that wait, quotas in blocks, and what
-- programs may learn of the evidence entries of their own calls.

-- Evidence of programs' own calls ---------------------------------------------------------------------------------------

-- What entries of one program say, before the sequencer takes them: receipts name the digest. Never whom they concern.
CREATE FUNCTION audit.waiting_of_client(ids bigint[], client bigint) RETURNS TABLE (
    entry_id bigint, at timestamp, action text, org_code text, actor_kind text, actor_id bigint, purpose text, legal_basis text,
    case_ref text, fields text, request_id text, channel text, facts bytea, note text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT p.entry_id, p.at AT TIME ZONE 'UTC', p.action, p.org_code, p.actor_kind, p.actor_id, p.purpose, p.legal_basis, p.case_ref,
           array_to_json(p.fields)::text, p.request_id, p.channel, p.facts, p.note::text
    FROM audit.pending p
    WHERE p.entry_id = ANY (ids) AND p.actor_kind = 'client' AND p.actor_id = client;
$$;

-- One sequenced entry that a program caused, with its salt, to prove it to that program.
CREATE FUNCTION audit.entry_of_client(of_entry_id bigint, client bigint) RETURNS SETOF audit.content
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT c.* FROM audit.content c WHERE c.entry_id = of_entry_id AND c.actor_kind = 'client' AND c.actor_id = client;
$$;
REVOKE ALL ON FUNCTION audit.waiting_of_client(bigint[], bigint), audit.entry_of_client(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.waiting_of_client(bigint[], bigint), audit.entry_of_client(bigint, bigint) TO dancu_app;

-- Quotas ---------------------------------------------------------------------------------------------------------------

-- Take up to `block` of what is left of a day's `total`; how many were left to take.
CREATE FUNCTION exchange.lease(org text, service text, day date, block bigint, total bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE before bigint; granted bigint;
BEGIN
    INSERT INTO exchange.quota (org_code, service, day, leased) VALUES (org, service, day, 0) ON CONFLICT DO NOTHING;
    SELECT q.leased INTO before FROM exchange.quota q WHERE q.org_code = org AND q.service = service AND q.day = day FOR UPDATE;
    granted := greatest(0, least(block, total - before));
    UPDATE exchange.quota q SET leased = before + granted WHERE q.org_code = org AND q.service = service AND q.day = day;
    RETURN granted;
END $$;
REVOKE ALL ON FUNCTION exchange.lease(text, text, date, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.lease(text, text, date, bigint, bigint) TO dancu_app, dancu_worker;

-- Logs of partners -------------------------------------------------------------------------------------------------------

-- What partners say they asked, as they handed it in for one day; compared with our own calls at night.
CREATE TABLE exchange.their_call (
    org_code text NOT NULL,
    day date NOT NULL,
    message_id text NOT NULL CHECK (length(message_id) BETWEEN 16 AND 64),
    at timestamptz NOT NULL,
    service text NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    answered boolean NOT NULL,
    CONSTRAINT their_call_pkey PRIMARY KEY (org_code, day, message_id)
);
CREATE TABLE exchange.comparison (
    org_code text NOT NULL,
    day date NOT NULL,
    compared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    matched bigint NOT NULL,
    only_ours bigint NOT NULL,
    only_theirs bigint NOT NULL,
    different bigint NOT NULL,
    found jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(found) = 'array'),
    CONSTRAINT comparison_pkey PRIMARY KEY (org_code, day)
);
GRANT SELECT, INSERT ON exchange.their_call TO dancu_app;
GRANT SELECT, DELETE ON exchange.their_call TO dancu_worker;
GRANT SELECT, INSERT, UPDATE ON exchange.comparison TO dancu_worker, dancu_app;
GRANT SELECT ON exchange.their_call, exchange.comparison TO dancu_verify;

-- The hot path -----------------------------------------------------------------------------------------------------------

GRANT CREATE ON SCHEMA exchange TO dancu_gate;
GRANT SELECT ON exchange.call TO dancu_gate;

SET LOCAL ROLE dancu_gate;

-- What the registry says today of one person, only the groups a call needs (`needs`: field codes of data agreements).
CREATE FUNCTION population.said_of(person bigint, needs text[]) RETURNS json LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object(
        'alive', p.alive_until = 'infinity',
        'names', CASE WHEN needs && '{name,other_name}' THEN (
            SELECT json_agg(json_build_array(n.kind, n.full_name) ORDER BY n.kind) FROM population.person_name n
            WHERE n.person_key = p.person_key AND upper_inf(n.recorded) AND n.valid @> access.today()) END,
        'birth', CASE WHEN needs && '{birth,birth_place,sex,origin}' THEN (
            SELECT json_build_object('y', b.birth_year, 'm', b.birth_month, 'd', b.birth_day, 'sex', b.sex,
                'place', json_build_array(b.birth_unit, b.birth_place),
                'registration', json_build_array(b.registration_unit, b.registration_place),
                'origin', json_build_array(b.origin_unit, b.origin_place))
            FROM population.person_birth b
            WHERE b.person_key = p.person_key AND upper_inf(b.recorded) AND b.valid @> access.today()) END,
        'trait', CASE WHEN needs && '{ethnicity,religion,nationality}' THEN (
            SELECT json_build_array(t.ethnicity, t.religion, t.nationality) FROM population.person_trait t
            WHERE t.person_key = p.person_key AND upper_inf(t.recorded) AND t.valid @> access.today()) END,
        'numbers', CASE WHEN needs && '{personal_id,old_number}' THEN (
            SELECT json_agg(json_build_array(i.kind, i.number, i.state) ORDER BY i.kind, i.number) FROM population.person_number i
            WHERE i.person_key = p.person_key AND upper_inf(i.recorded)) END,
        'residences', CASE WHEN needs && '{address,temporary_address,stay}' THEN (
            SELECT json_agg(json_build_array(r.kind, r.unit_id, r.address, lower(r.valid), upper(r.valid))) FROM population.residence r
            WHERE r.person_key = p.person_key AND upper_inf(r.recorded) AND r.valid @> access.today()) END,
        'marital', CASE WHEN needs && '{marital}' THEN (
            SELECT json_build_array(m.status, lower(m.valid)) FROM population.marital m
            WHERE m.person_key = p.person_key AND upper_inf(m.recorded) AND m.valid @> access.today()) END,
        'card', CASE WHEN needs && '{card}' THEN (
            SELECT json_build_array(c.kind, c.number, c.issued_on, c.issued_by, c.expires_on, c.state) FROM population.card c
            WHERE c.person_key = p.person_key AND c.state = 'active' AND upper_inf(c.recorded) AND c.valid @> access.today()) END,
        'life', CASE WHEN needs && '{life}' THEN (
            SELECT json_build_array(l.status, l.event_year, l.event_month, l.event_day) FROM population.life l
            WHERE l.person_key = p.person_key AND upper_inf(l.recorded) AND l.valid @> access.today()) END,
        'contacts', CASE WHEN needs && '{phone,email}' THEN (
            SELECT json_agg(json_build_array(c.kind, c.value)) FROM population.contact c
            WHERE c.person_key = p.person_key AND upper_inf(c.recorded) AND c.valid @> access.today()) END)
    FROM population.person p WHERE p.person_key = person;
$$;

-- Whom a name and a birth date name, for a program's look-up: at most two keys (two are too many: the answer is that there are
-- several). `wanted`: terms of population.person_search that all must be there; as the name is written, else without its marks.
CREATE FUNCTION population.named(
    wanted text[], folded text, plain text, born_year integer, born_month integer, born_day integer, within integer[]
) RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found bigint[];
BEGIN
    IF coalesce(cardinality(wanted), 0) = 0 OR born_year IS NULL THEN
        RAISE EXCEPTION 'a look-up needs a name and a year of birth' USING ERRCODE = '22023';
    END IF;
    -- The array operator needs its terms as constants of the plan to be served by the GIN index.
    EXECUTE format($q$
        WITH fitting AS MATERIALIZED (
            SELECT coalesce(p.merged_into, p.person_key) AS who, s.name_folded = $1 AS exact
            FROM population.person_search s JOIN population.person p ON p.person_key = s.person_key
            WHERE s.terms @> %L::text[] AND s.birth_year = $3 AND ($4 IS NULL OR s.birth_month = $4) AND ($5 IS NULL OR s.birth_day = $5)
              AND ($6 IS NULL OR s.areas && $6) AND (s.name_folded = $1 OR s.name_ascii = $2))
        SELECT array_agg(w.who) FROM (SELECT DISTINCT f.who FROM fitting f
            WHERE f.exact OR NOT EXISTS (SELECT FROM fitting e WHERE e.exact) LIMIT 2) AS w
    $q$, wanted) INTO found USING folded, plain, born_year, born_month, born_day, within;
    RETURN coalesce(found, '{}');
END $$;

-- Calls of many programs at once: replay marks, gate, evidence and records, one statement and one commit. Element i of every
-- array is one call; `needs` are array literals. Answers per call: 'replay' (the message id was there; nothing is written or
-- told), 'not_found', 'ambiguous' (a number of several people), 'no_purpose', or 'ok' with the record. The call's line is
-- written with the verdict, the entry names the call's message.
CREATE FUNCTION exchange.answer_many(
    clients bigint[], messages text[], orgs text[], services text[], officers text[], purposes text[], bases text[], cases text[],
    digests bytea[], micros integer[], permissions text[], numbers text[], needs text[], evidence text[], verbs text[]
) RETURNS TABLE (verdict text, entry_id bigint, record json)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    keys bigint[]; said text[]; fresh boolean[]; ids bigint[];
BEGIN
    -- A number of one person, also by a merged record; of several: nobody.
    SELECT array_agg(CASE WHEN d.people = 1 THEN d.who END ORDER BY a.n),
           array_agg(CASE WHEN d.people > 1 THEN 'ambiguous'
                          ELSE population.verdict('client', a.client, NULL, d.who, NULL, a.permission, a.purpose, a.basis) END ORDER BY a.n)
      INTO keys, said
      FROM unnest(numbers, clients, permissions, purposes, bases) WITH ORDINALITY AS a(number, client, permission, purpose, basis, n)
      LEFT JOIN LATERAL (
          SELECT count(DISTINCT f.who) AS people, min(f.who) AS who
          FROM (SELECT coalesce(p.merged_into, p.person_key) AS who FROM population.directory x
                  JOIN population.person p ON p.person_key = x.person_key
                 WHERE x.number = a.number) AS f) AS d ON true;
    WITH came AS (
        SELECT * FROM unnest(clients, messages, orgs, services, digests, said, officers, purposes, bases, cases, micros) WITH ORDINALITY
            AS c(client, message, org, service, digest, said, officer, purpose, basis, case_ref, micros, n)
    ), kept AS (
        INSERT INTO exchange.call (client_no, message_id, org_code, environment, service, digest, verdict, officer, purpose, legal_basis,
                                   case_ref, entries, micros)
        SELECT DISTINCT ON (c.client, c.message) c.client, c.message, c.org, 'live', c.service, c.digest,
               CASE c.said WHEN 'ok' THEN 'ok' ELSE 'person.' || c.said END, c.officer, c.purpose, c.basis, c.case_ref,
               1, c.micros
        FROM came c ORDER BY c.client, c.message, c.n
        ON CONFLICT ON CONSTRAINT call_pkey DO NOTHING
        RETURNING client_no, message_id
    )
    SELECT array_agg(k.client_no IS NOT NULL
                     AND NOT EXISTS (SELECT FROM came e WHERE e.client = c.client AND e.message = c.message AND e.n < c.n) ORDER BY c.n)
      INTO fresh
      FROM came c LEFT JOIN kept k ON k.client_no = c.client AND k.message_id = c.message;
    ids := audit.record(ARRAY(
        SELECT ROW(CASE e.v WHEN 'ok' THEN 'read' ELSE 'denied' END, 'client', e.client, e.org, e.purpose, e.basis, e.case_ref, e.k,
                   e.fields::text[], e.message, 'api', NULL,
                   CASE e.v WHEN 'ok' THEN jsonb_build_object('verb', e.verb)
                            ELSE jsonb_build_object('verb', e.verb, 'verdict', e.v) END)::audit.entry_in
        FROM unnest(keys, said, fresh, clients, orgs, purposes, bases, cases, messages, evidence, verbs) WITH ORDINALITY
             AS e(k, v, fresh, client, org, purpose, basis, case_ref, message, fields, verb, n)
        WHERE e.fresh ORDER BY e.n));
    RETURN QUERY
        SELECT CASE WHEN e.fresh THEN e.v ELSE 'replay' END,
               CASE WHEN e.fresh THEN ids[count(*) FILTER (WHERE e.fresh) OVER (ORDER BY e.n)] END,
               CASE WHEN e.fresh AND e.v = 'ok' THEN population.said_of(e.k, e.needs::text[]) END
        FROM unnest(keys, said, fresh, needs) WITH ORDINALITY AS e(k, v, fresh, needs, n) ORDER BY e.n;
END $$;

REVOKE ALL ON FUNCTION population.said_of(bigint, text[]),
    population.named(text[], text, text, integer, integer, integer, integer[]),
    exchange.answer_many(bigint[], text[], text[], text[], text[], text[], text[], text[], bytea[], integer[], text[], text[], text[],
        text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION population.named(text[], text, text, integer, integer, integer, integer[]),
    exchange.answer_many(bigint[], text[], text[], text[], text[], text[], text[], text[], bytea[], integer[], text[], text[], text[],
        text[], text[]) TO dancu_app;
RESET ROLE;
