-- What the registry says of the persons of a batch is read by the batch's own statement: a function of its own for each of them opened
-- its nine tables for each of them, which took longer than everything else the batch does.

GRANT CREATE ON SCHEMA exchange TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Calls of many programs at once: replay marks, gate, evidence and records, one statement and one commit. Element i of every
-- array is one call; `needs` are array literals. Answers per call: 'replay' (the message id was there; nothing is written or
-- told), 'not_found', 'ambiguous' (a number of several people), 'no_purpose', or 'ok' with the record. The call's line is
-- written with the verdict, the entry names the call's message. `record`: what the registry says today,
-- only the groups a call needs (`needs`: field codes of data agreements).
CREATE OR REPLACE FUNCTION exchange.answer_many(
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
               CASE WHEN e.fresh AND e.v = 'ok' THEN (
               SELECT json_build_object(
                   'alive', p.alive_until = 'infinity',
                   'names', CASE WHEN e.needs && '{name,other_name}' THEN (
                       SELECT json_agg(json_build_array(n.kind, n.full_name) ORDER BY n.kind) FROM population.person_name n
                       WHERE n.person_key = p.person_key AND upper_inf(n.recorded) AND n.valid @> access.today()) END,
                   'birth', CASE WHEN e.needs && '{birth,birth_place,sex,origin}' THEN (
                       SELECT json_build_object('y', b.birth_year, 'm', b.birth_month, 'd', b.birth_day, 'sex', b.sex,
                           'place', json_build_array(b.birth_unit, b.birth_place),
                           'registration', json_build_array(b.registration_unit, b.registration_place),
                           'origin', json_build_array(b.origin_unit, b.origin_place))
                       FROM population.person_birth b
                       WHERE b.person_key = p.person_key AND upper_inf(b.recorded) AND b.valid @> access.today()) END,
                   'trait', CASE WHEN e.needs && '{ethnicity,religion,nationality}' THEN (
                       SELECT json_build_array(t.ethnicity, t.religion, t.nationality) FROM population.person_trait t
                       WHERE t.person_key = p.person_key AND upper_inf(t.recorded) AND t.valid @> access.today()) END,
                   'numbers', CASE WHEN e.needs && '{personal_id,old_number}' THEN (
                       SELECT json_agg(json_build_array(i.kind, i.number, i.state) ORDER BY i.kind, i.number) FROM population.person_number i
                       WHERE i.person_key = p.person_key AND upper_inf(i.recorded)) END,
                   'residences', CASE WHEN e.needs && '{address,temporary_address,stay}' THEN (
                       SELECT json_agg(json_build_array(r.kind, r.unit_id, r.address, lower(r.valid), upper(r.valid))) FROM population.residence r
                       WHERE r.person_key = p.person_key AND upper_inf(r.recorded) AND r.valid @> access.today()) END,
                   'marital', CASE WHEN e.needs && '{marital}' THEN (
                       SELECT json_build_array(m.status, lower(m.valid)) FROM population.marital m
                       WHERE m.person_key = p.person_key AND upper_inf(m.recorded) AND m.valid @> access.today()) END,
                   'card', CASE WHEN e.needs && '{card}' THEN (
                       SELECT json_build_array(c.kind, c.number, c.issued_on, c.issued_by, c.expires_on, c.state) FROM population.card c
                       WHERE c.person_key = p.person_key AND c.state = 'active' AND upper_inf(c.recorded) AND c.valid @> access.today()) END,
                   'life', CASE WHEN e.needs && '{life}' THEN (
                       SELECT json_build_array(l.status, l.event_year, l.event_month, l.event_day) FROM population.life l
                       WHERE l.person_key = p.person_key AND upper_inf(l.recorded) AND l.valid @> access.today()) END,
                   'contacts', CASE WHEN e.needs && '{phone,email}' THEN (
                       SELECT json_agg(json_build_array(c.kind, c.value)) FROM population.contact c
                       WHERE c.person_key = p.person_key AND upper_inf(c.recorded) AND c.valid @> access.today()) END)
               FROM population.person p WHERE p.person_key = e.k) END
        FROM (SELECT u.k, u.v, u.fresh, u.needs::text[] AS needs, u.n
                FROM unnest(keys, said, fresh, needs) WITH ORDINALITY AS u(k, v, fresh, needs, n) OFFSET 0) AS e ORDER BY e.n;
END $$;

DROP FUNCTION population.said_of(bigint, text[]);

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
