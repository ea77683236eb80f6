-- Doors for the verbs: opening everyone an act of law touches, who stands above whom, and numbers nobody has.
-- Functions of the gate's role: they answer with keys and yes or no, never with a citizen's data.

SET LOCAL ROLE dancu_gate;

-- Open the persons of one act of law. An act is within reach when one of its persons is, or when it brings somebody
-- into the officer's own area (`places`: areas of the new residence): a marriage, a death with a surviving spouse or a
-- removal joins people of different wards, and one office registers it. The others come with verdict 'party': their
-- rows open for the change, and a preview does not show what they held before. Denials are recorded.
CREATE FUNCTION population.open_for_act(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, persons bigint[], places integer[],
    permission text, purpose text, legal_basis text, case_ref text, request_id text, channel text
) RETURNS TABLE (person_key bigint, verdict text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked bigint[]; said text[]; within boolean;
BEGIN
    IF permission NOT LIKE 'person.write.%' AND permission NOT IN ('person.merge', 'person.number.allocate') THEN
        RAISE EXCEPTION 'not a permission to write: %', permission USING ERRCODE = '22023';
    END IF;
    SELECT array_agg(a.key ORDER BY a.ord),
           array_agg(population.verdict(actor_kind, actor_id, session_hash, p.person_key, p.areas,
                                        permission, purpose, legal_basis) ORDER BY a.ord)
      INTO asked, said
      FROM unnest(persons) WITH ORDINALITY AS a(key, ord)
      LEFT JOIN population.person p ON p.person_key = a.key;
    within := 'ok' = ANY (said) OR (actor_kind = 'staff' AND coalesce(
        (SELECT r.ok AND r.areas && places FROM access.right_of(actor_id, session_hash, permission) AS r), false));
    -- Registering somebody without known relatives opens nobody: then the place alone says whose act it is, and
    -- somebody without any place may be registered by whoever holds the permission.
    IF asked IS NULL THEN
        asked := ARRAY[NULL]::bigint[];
        said := ARRAY[CASE
            WHEN actor_kind <> 'staff' OR NOT access.session_live('staff', actor_id, session_hash) THEN 'no_session'
            WHEN NOT (access.right_of(actor_id, session_hash, permission)).ok THEN 'no_permission'
            WHEN NOT access.purpose_ok(purpose, legal_basis, access.today(), permission) THEN 'no_purpose'
            WHEN within OR cardinality(places) = 0 OR (access.right_of(actor_id, session_hash, permission))."national" THEN 'ok'
            ELSE 'outside_area' END];
    END IF;
    IF within THEN
        said := array_replace(said, 'outside_area', 'party');
    END IF;
    PERFORM audit.record(ARRAY(
        SELECT ROW('denied', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref,
                   CASE WHEN s.v = 'not_found' THEN NULL ELSE s.k END, ARRAY[permission], request_id, channel, NULL,
                   jsonb_build_object('verdict', s.v))::audit.entry_in
        FROM unnest(asked, said) AS s(k, v) WHERE s.v NOT IN ('ok', 'party')));
    PERFORM population.open_rows(ARRAY(SELECT s.k FROM unnest(asked, said) AS s(k, v) WHERE s.k IS NOT NULL AND s.v IN ('ok', 'party')),
        to_write => true);
    RETURN QUERY SELECT * FROM unnest(asked, said);
END $$;

-- Everyone above the given persons by father and mother as known now, with the least number of generations.
CREATE FUNCTION population.ancestors_of(persons bigint[], generations integer)
RETURNS TABLE (person_key bigint, ancestor bigint, distance integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE up (person_key, ancestor, distance) AS (
        SELECT p, p, 0 FROM unnest(persons) AS p
        UNION
        SELECT u.person_key, k.relative_key, u.distance + 1
        FROM up u JOIN population.kinship k ON k.person_key = u.ancestor
        WHERE k.relation IN ('father', 'mother') AND k.relative_key IS NOT NULL AND upper_inf(k.recorded)
          AND u.distance < least(generations, 40)
    )
    SELECT u.person_key, u.ancestor, min(u.distance)::integer FROM up u GROUP BY u.person_key, u.ancestor;
$$;

-- Records whose present kin facts name one of the given persons: they are told when that person's record changes.
CREATE FUNCTION population.named_by(persons bigint[]) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT k.person_key ORDER BY k.person_key), '{}')
    FROM population.kinship k WHERE k.relative_key = ANY (persons) AND upper_inf(k.recorded);
$$;

-- A personal ID number of the cell (place, century and sex, year: six digits) that nobody has or ever had, drawn at
-- random; NULL when the cell is exhausted. The unique index on the directory decides between two who draw the same.
CREATE FUNCTION population.free_number(cell text, serials integer DEFAULT 1000000) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE drawn text;
BEGIN
    IF cell !~ '^[0-9]{6}$' OR serials NOT BETWEEN 1 AND 1000000 THEN
        RAISE EXCEPTION 'not a cell of the number space' USING ERRCODE = '22023';
    END IF;
    FOR attempt IN 1..20 LOOP
        drawn := cell || lpad(floor(random() * serials)::integer::text, 6, '0');
        IF NOT EXISTS (SELECT FROM population.directory d WHERE d.kind = 'personal_id' AND d.number = drawn) THEN
            RETURN drawn;
        END IF;
    END LOOP;
    -- Nearly full: twenty misses in a row mean that counting what is left is cheaper than guessing on.
    SELECT f.number INTO drawn
    FROM (SELECT cell || lpad(s::text, 6, '0') AS number FROM generate_series(0, serials - 1) AS s) AS f
    WHERE NOT EXISTS (SELECT FROM population.directory d WHERE d.kind = 'personal_id' AND d.number = f.number)
    ORDER BY random() LIMIT 1;
    RETURN drawn;
END $$;

REVOKE ALL ON FUNCTION
    population.open_for_act(text, bigint, text, bytea, bigint[], integer[], text, text, text, text, text, text),
    population.ancestors_of(bigint[], integer), population.named_by(bigint[]), population.free_number(text, integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    population.open_for_act(text, bigint, text, bytea, bigint[], integer[], text, text, text, text, text, text),
    population.ancestors_of(bigint[], integer), population.named_by(bigint[]), population.free_number(text, integer)
TO dancu_app;
RESET ROLE;
