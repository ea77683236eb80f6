-- As 0110 for looks by number: the summaries are read by the batch's own statement. And the plans of both are made once for a connection: where
-- batches are small they were made anew for each, since a plan for three rows seems cheaper than one for any number.

SET LOCAL ROLE dancu_gate;

-- The hot path: looks of many actors at once, one statement and one commit for all. Element i of every array is one
-- request. One bad element never fails the others; each has its own verdict and its own evidence entry.
-- `record`: the summary, as the registry knows the person today.
CREATE OR REPLACE FUNCTION population.find_many(
    numbers text[], actor_kinds text[], actor_ids bigint[], org_codes text[], sessions bytea[],
    purposes text[], legal_bases text[], case_refs text[], request_ids text[], channels text[]
) RETURNS TABLE (ord bigint, verdict text, entry_id bigint, record json)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    keys bigint[]; said text[]; ids bigint[];
BEGIN
    SELECT array_agg(p.person_key ORDER BY a.ord),
           array_agg(population.verdict(a.kind, a.id, a.session, p.person_key, p.areas, 'person.read', a.purpose,
                                        a.basis) ORDER BY a.ord)
      INTO keys, said
      FROM unnest(numbers, actor_kinds, actor_ids, sessions, purposes, legal_bases) WITH ORDINALITY
           AS a(number, kind, id, session, purpose, basis, ord)
      LEFT JOIN LATERAL (SELECT d.person_key FROM population.directory d WHERE d.number = a.number
                         ORDER BY d.state, d.person_key LIMIT 1) AS d ON true
      LEFT JOIN population.person p ON p.person_key = d.person_key;
    ids := audit.record(ARRAY(
        SELECT ROW(CASE WHEN e.v = 'ok' THEN 'read' ELSE 'denied' END, e.kind, e.id, e.org, e.purpose, e.basis,
                   e.case_ref, CASE WHEN e.v = 'not_found' THEN NULL ELSE e.k END,
                   '{number,name,birth,sex,residence,life}'::text[], e.request, e.channel, NULL,
                   CASE WHEN e.v <> 'ok' THEN jsonb_build_object('verdict', e.v)
                        WHEN access.broken_glass(e.id, e.k) THEN '{"break_glass": true}' END)::audit.entry_in
        FROM unnest(keys, said, actor_kinds, actor_ids, org_codes, purposes, legal_bases, case_refs, request_ids,
                    channels) WITH ORDINALITY
             AS e(k, v, kind, id, org, purpose, basis, case_ref, request, channel, ord)
        ORDER BY e.ord));
    RETURN QUERY
        SELECT e.ord, e.v, e.i, CASE WHEN e.v = 'ok' THEN (
                SELECT json_build_object(
                    'person_key', p.person_key,
                    'merged_into', p.merged_into,
                    'alive', p.alive_until = 'infinity',
                    'personal_id', (SELECT f.number FROM population.person_number f WHERE f.person_key = p.person_key
                        AND f.kind = 'personal_id' AND f.state = 'active' AND upper_inf(f.recorded) AND f.valid @> access.today()
                        LIMIT 1),
                    'name', n.full_name,
                    'birth', json_build_array(b.birth_year, b.birth_month, b.birth_day),
                    'sex', b.sex,
                    'name_source', json_build_array(n.source_kind, n.source_date),
                    'birth_source', json_build_array(b.source_kind, b.source_date),
                    'residence', CASE WHEN r.fact_id IS NULL THEN NULL ELSE json_build_object('unit_id', r.unit_id,
                        'address', r.address, 'since', lower(r.valid), 'source', json_build_array(r.source_kind, r.source_date)) END)
                FROM population.person p
                LEFT JOIN population.person_name n ON n.person_key = p.person_key AND n.kind = 'birth'
                    AND upper_inf(n.recorded) AND n.valid @> access.today()
                LEFT JOIN population.person_birth b ON b.person_key = p.person_key AND upper_inf(b.recorded)
                    AND b.valid @> access.today()
                LEFT JOIN population.residence r ON r.person_key = p.person_key AND r.kind = 'permanent'
                    AND upper_inf(r.recorded) AND r.valid @> access.today()
                WHERE p.person_key = e.k) END
        FROM unnest(keys, said, ids) WITH ORDINALITY AS e(k, v, i, ord) ORDER BY e.ord;
END $$;

DROP FUNCTION population.summary(bigint);

ALTER FUNCTION exchange.answer_many(
    bigint[], text[], text[], text[], text[], text[], text[], text[], bytea[], integer[], text[], text[], text[], text[], text[]
) SET plan_cache_mode = force_generic_plan;

RESET ROLE;
