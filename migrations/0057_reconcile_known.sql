-- Comparing rows of a file: who has an entry of this transaction already is told apart in one pass. With 2,000 rows a chunk the
-- nested loops of before (0036) took longer than all the look-ups together.

SET LOCAL ROLE dancu_gate;

-- What comparing needs of persons, recorded; element i of every array belongs together. Heads of their households are compared
-- with what the row says of the head, and have their entry too. Nobody has two entries of one transaction.
-- `head_number`: does the head bear the number the row names as the head's; `head_name`: 2 the name as the row has it,
-- 1 but for marks, 0 another. NULL: nothing to compare. `in_area`: is one of the row's communes a present home?
CREATE OR REPLACE FUNCTION population.linked(
    actor_kind text, actor_id bigint, org_code text, purpose text, legal_basis text, case_ref text, request_id text,
    channel text, note jsonb, fields text[], lines integer[], keys bigint[],
    head_numbers text[], head_folded text[], head_ascii text[], communes text[]
) RETURNS TABLE (line integer, person_key bigint, names text, birth_year smallint, birth_month smallint, birth_day smallint,
                 sex text, numbers text, alive boolean, in_area boolean, unit_id integer, address text, hamlet_id bigint,
                 household_key bigint, relation text, head_number boolean, head_name smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET join_collapse_limit = 1
SET max_parallel_workers_per_gather = 0 AS $$
#variable_conflict use_column
DECLARE
    heads bigint[];
    homes bigint[];
    bonds text[];
    before bigint[] := coalesce(nullif(current_setting('dancu.linked', true), ''), '{}')::bigint[];
    fresh bigint[];
    first bigint;
    entries text := coalesce(current_setting('dancu.linked_entries', true), '');
BEGIN
    -- The household each belongs or, for the dead, last belonged to, and its head.
    SELECT array_agg(h.head_key ORDER BY p.ord), array_agg(m.household_key ORDER BY p.ord), array_agg(m.relation ORDER BY p.ord)
      INTO heads, homes, bonds
      FROM unnest(keys) WITH ORDINALITY AS p(key, ord)
      LEFT JOIN LATERAL (SELECT x.household_key, x.relation FROM population.household_member x
                          WHERE x.person_key = p.key AND upper(x.recorded) IS NULL
                          ORDER BY upper(x.valid) DESC NULLS FIRST LIMIT 1) AS m ON true
      LEFT JOIN LATERAL (SELECT x.head_key FROM population.household x
                          WHERE x.household_key = m.household_key AND upper(x.recorded) IS NULL
                          ORDER BY upper(x.valid) DESC NULLS FIRST LIMIT 1) AS h ON true;
    -- By EXCEPT, which hashes: a join with those known already would be made by nested loops here, each with each.
    SELECT array_agg(compared.k) INTO fresh
      FROM (SELECT unnest(keys) AS k UNION SELECT h.k FROM unnest(heads, head_numbers, head_ascii) AS h(k, number, name)
             WHERE coalesce(h.number, h.name) IS NOT NULL
            EXCEPT SELECT unnest(before)) AS compared
     WHERE compared.k IS NOT NULL;
    IF fresh IS NOT NULL THEN
        PERFORM audit.assert_alive();
        first := audit.take_entry_ids(cardinality(fresh));
        INSERT INTO audit.pending (entry_id, action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject,
                                   fields, request_id, channel, note)
        SELECT first + f.ord - 1, 'read', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, f.k, fields,
               request_id, channel, note
          FROM unnest(fresh) WITH ORDINALITY AS f(k, ord);
        PERFORM set_config('dancu.linked', (before || fresh)::text, true);
        -- First and last entry of the transaction, and how many, for the run's own account.
        PERFORM set_config('dancu.linked_entries', concat_ws(' ', coalesce(nullif(split_part(entries, ' ', 1), ''), first::text),
            first + cardinality(fresh) - 1, coalesce(nullif(split_part(entries, ' ', 3), ''), '0')::bigint + cardinality(fresh)), true);
    END IF;
    RETURN QUERY
        SELECT p.line, p.key, n.names, b.birth_year, b.birth_month, b.birth_day, b.sex, d.numbers,
               o.alive_until = 'infinity', o.areas && p.communes::integer[], r.unit_id, r.address, r.hamlet_id,
               p.home, p.bond,
               CASE WHEN p.number IS NOT NULL AND p.head IS NOT NULL THEN EXISTS (
                   SELECT FROM population.directory x WHERE x.person_key = p.head AND x.number = p.number) END,
               CASE WHEN p.plain IS NULL OR hs.name_ascii IS NULL THEN NULL
                    WHEN hs.name_folded = p.folded THEN 2::smallint
                    WHEN hs.name_ascii = p.plain THEN 1::smallint ELSE 0::smallint END
          FROM unnest(lines, keys, heads, homes, bonds, head_numbers, head_folded, head_ascii, communes)
               AS p(line, key, head, home, bond, number, folded, plain, communes)
          JOIN population.person o ON o.person_key = p.key
          LEFT JOIN LATERAL (SELECT string_agg(x.full_name, '|' ORDER BY x.kind, x.fact_id DESC) AS names
                               FROM population.person_name x WHERE x.person_key = p.key AND upper(x.recorded) IS NULL) AS n ON true
          LEFT JOIN LATERAL (SELECT x.birth_year, x.birth_month, x.birth_day, x.sex FROM population.person_birth x
                              WHERE x.person_key = p.key AND upper(x.recorded) IS NULL LIMIT 1) AS b ON true
          LEFT JOIN LATERAL (SELECT string_agg(left(x.kind, 1) || left(x.state, 1) || x.number, ' ' ORDER BY x.kind DESC, x.state)
                               AS numbers FROM population.directory x
                              WHERE x.person_key = p.key AND x.kind IN ('personal_id', 'cmnd')) AS d ON true
          LEFT JOIN LATERAL (SELECT x.unit_id, x.address, x.hamlet_id FROM population.residence x
                              WHERE x.person_key = p.key AND x.kind = 'permanent' AND upper(x.recorded) IS NULL
                              ORDER BY upper(x.valid) DESC NULLS FIRST LIMIT 1) AS r ON true
          LEFT JOIN population.person_search hs ON hs.person_key = p.head AND p.plain IS NOT NULL
         ORDER BY p.line;
END $$;

RESET ROLE;
