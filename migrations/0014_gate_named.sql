-- The gate's doors for numbers typed into forms, limits of search, and one door less: verbs open everyone of an act
-- through open_for_act (0009); nothing opens persons one by one to be written any more.

SET LOCAL ROLE dancu_gate;

DROP FUNCTION population.open_for_write(text, bigint, text, bytea, bigint[], text, text, text, text, text, text);

-- Does this key name somebody? For functions of access only: no login role may ask.
CREATE FUNCTION population.known(person bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM population.person p WHERE p.person_key = person);

-- Whom a number typed into a form names (`digits`), or a record number (`record`): one key, or NULL. Who may be named:
-- persons this actor may look at, and by number also those whose name the form gives as the registry has it
-- (`name_ascii`), since a marriage or a birth joins people of different wards. Somebody else, somebody of elsewhere without their name, and nobody are one
-- and the same answer, 'unknown': typing numbers tells nothing about the registry. 'several': the number was given to
-- more than one whom the actor may name. Found or not, it is an entry: in the citizen's list where it names one.
CREATE FUNCTION population.name_one(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, digits text, record bigint, name_ascii text,
    purpose text, legal_basis text, case_ref text, request_id text, channel text
) RETURNS TABLE (verdict text, person_key bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    named bigint[]; reachable bigint[]; said text;
BEGIN
    IF actor_kind <> 'staff' OR NOT access.session_live('staff', actor_id, session_hash) THEN
        named := '{}'; said := 'no_session';
    ELSE
        named := ARRAY(SELECT DISTINCT d.person_key FROM population.directory d WHERE d.number = digits
                       UNION SELECT p.person_key FROM population.person p WHERE p.person_key = record);
        reachable := ARRAY(
            SELECT p.person_key FROM population.person p
             WHERE p.person_key = ANY (named)
               AND (population.verdict(actor_kind, actor_id, session_hash, p.person_key, p.areas, 'person.read', purpose,
                                       legal_basis) = 'ok'
                    OR record IS NULL AND EXISTS (SELECT FROM population.person_search s
                                                   WHERE s.person_key = p.person_key AND s.name_ascii = name_ascii)));
        said := CASE cardinality(reachable) WHEN 0 THEN 'unknown' WHEN 1 THEN 'ok' ELSE 'several' END;
    END IF;
    PERFORM audit.record(ARRAY(
        SELECT ROW(CASE WHEN said IN ('ok', 'several') THEN 'search' ELSE 'denied' END, actor_kind, actor_id, org_code,
                   purpose, legal_basis, case_ref, k.key, ARRAY['number'], request_id, channel, NULL,
                   jsonb_build_object('by', ARRAY[CASE WHEN record IS NULL THEN 'number' ELSE 'record' END],
                                      'verdict', said))::audit.entry_in
          FROM (SELECT unnest(named) AS key UNION ALL SELECT NULL WHERE cardinality(named) = 0) AS k));
    RETURN QUERY SELECT said, CASE WHEN said = 'ok' THEN reachable[1] END;
END $$;

-- Was this number ever given to anybody? Whoever registers somebody with a number must be told; the question is an
-- entry, in the list of whoever holds it.
CREATE FUNCTION population.number_taken(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, digits text,
    purpose text, legal_basis text, case_ref text, request_id text, channel text
) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE holders bigint[];
BEGIN
    IF actor_kind <> 'staff' OR NOT access.session_live('staff', actor_id, session_hash) THEN
        RAISE EXCEPTION 'no live session' USING ERRCODE = 'DA003';
    END IF;
    holders := ARRAY(SELECT DISTINCT d.person_key FROM population.directory d WHERE d.number = digits);
    PERFORM audit.record(ARRAY(
        SELECT ROW('search', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, k.key, ARRAY['number'],
                   request_id, channel, NULL, '{"by": ["new_number"]}')::audit.entry_in
          FROM (SELECT unnest(holders) AS key UNION ALL SELECT NULL WHERE cardinality(holders) = 0) AS k));
    RETURN cardinality(holders) > 0;
END $$;

-- Search by words of the name with a year of birth and/or areas. `wanted` is a list of groups of terms: a person must
-- carry one term of each group. At most `most` rows come back, each recorded as a look; more than 2000 candidates are
-- refused (verdict 'too_broad'): the desk does not trawl. Persons shown are counted per staff member, and
-- who was shown as many as their roles are given in an hour or a day waits (verdict 'too_many', access.search_wait).
CREATE OR REPLACE FUNCTION population.search(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea,
    purpose text, legal_basis text, case_ref text, request_id text, channel text,
    wanted jsonb, name_ascii text, name_folded text, given text,
    born_year integer, born_month integer, born_day integer, within integer[], most integer
) RETURNS TABLE (verdict text, person_key bigint, full_name text, birth_year smallint, birth_month smallint,
                 birth_day smallint, sex text, personal_id text, unit_id integer, address text, alive boolean,
                 score real)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    everywhere boolean;
    groups text[] := '{}';
    found bigint[];
    scores real[];
    considered bigint;
    asked_note jsonb;
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'person.search');
    asked_note := jsonb_build_object('by', ARRAY_REMOVE(ARRAY['name', CASE WHEN born_year IS NOT NULL THEN 'birth' END,
                                                              CASE WHEN within IS NOT NULL THEN 'place' END], NULL));
    IF actor_kind <> 'staff' OR NOT held.ok OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'person.search') THEN
        verdict := CASE WHEN actor_kind <> 'staff' OR NOT access.session_live('staff', actor_id, session_hash) THEN 'no_session'
                        WHEN NOT held.ok THEN 'no_permission' ELSE 'no_purpose' END;
        PERFORM audit.record(ARRAY[ROW('denied', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, NULL,
            ARRAY['search'], request_id, channel, NULL, asked_note || jsonb_build_object('verdict', verdict))::audit.entry_in]);
        RETURN NEXT;
        RETURN;
    END IF;
    -- One search of a staff member at a time, so that several at the same moment do not pass the limit together.
    PERFORM pg_advisory_xact_lock(1096107349, (actor_id % 2147483647)::integer);
    IF (access.search_wait(actor_id)).seconds > 0 THEN
        verdict := 'too_many';
        PERFORM audit.record(ARRAY[ROW('denied', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, NULL,
            ARRAY['search'], request_id, channel, NULL, asked_note || '{"verdict":"too_many"}')::audit.entry_in]);
        RETURN NEXT;
        RETURN;
    END IF;
    everywhere := held."national" OR ((access.right_of(actor_id, session_hash, 'person.read.national')).ok
        AND access.purpose_ok(purpose, legal_basis, access.today(), 'person.read.national'));

    -- The array operators need their groups as constants of the plan to be served by the GIN index.
    SELECT array_agg(format('s.terms && %L::text[]', ARRAY(SELECT jsonb_array_elements_text(g)))) INTO groups
    FROM jsonb_array_elements(wanted) AS g;
    IF coalesce(cardinality(groups), 0) = 0 THEN
        RAISE EXCEPTION 'search without terms' USING ERRCODE = '22023';
    END IF;
    EXECUTE format($q$
        WITH candidate AS MATERIALIZED (
            SELECT s.* FROM population.person_search s
            WHERE %s
              AND ($1 OR s.areas && $2)
              AND ($3 IS NULL OR s.areas && $3)
              AND ($4 IS NULL OR s.birth_month IS NULL OR s.birth_month = $4)
              AND ($5 IS NULL OR s.birth_day IS NULL OR s.birth_day = $5)
            LIMIT 2001
        ), ranked AS (
            SELECT c.person_key, c.sort_key,
                   (CASE WHEN c.name_folded = $6 THEN 2.0 WHEN c.name_ascii = $7 THEN 1.5 ELSE 0 END
                    + CASE WHEN $8 <> '' AND split_part(c.name_ascii, ' ', -1) = $8 THEN 0.5 ELSE 0 END
                    + CASE WHEN $4 IS NOT NULL AND c.birth_month = $4 THEN 0.3 ELSE 0 END
                    + CASE WHEN $5 IS NOT NULL AND c.birth_day = $5 THEN 0.3 ELSE 0 END
                    + public.similarity(c.name_ascii, $7))::real AS score
            FROM candidate c
            ORDER BY score DESC, c.sort_key COLLATE "C", c.person_key
            LIMIT $9
        )
        SELECT array_agg(r.person_key ORDER BY r.score DESC, r.sort_key COLLATE "C", r.person_key),
               array_agg(r.score ORDER BY r.score DESC, r.sort_key COLLATE "C", r.person_key),
               (SELECT count(*) FROM candidate)
        FROM ranked r
    $q$, array_to_string(groups, ' AND '))
    INTO found, scores, considered
    USING everywhere, held.areas, within, born_month, born_day, name_folded, name_ascii, given, least(most, 20);

    IF considered > 2000 THEN
        verdict := 'too_broad';
        PERFORM audit.record(ARRAY[ROW('search', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, NULL,
            ARRAY['search'], request_id, channel, NULL, asked_note || '{"verdict":"too_broad"}')::audit.entry_in]);
        RETURN NEXT;
        RETURN;
    END IF;
    IF found IS NULL THEN
        PERFORM audit.record(ARRAY[ROW('search', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, NULL,
            ARRAY['search'], request_id, channel, NULL, asked_note || '{"found":0}')::audit.entry_in]);
        RETURN;
    END IF;
    PERFORM audit.record(ARRAY(
        SELECT ROW('search', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, f.key,
                   ARRAY['name', 'birth', 'sex', 'number', 'residence'], request_id, channel, NULL, asked_note)::audit.entry_in
        FROM unnest(found) AS f(key)));
    PERFORM access.count_shown(actor_id, cardinality(found));
    RETURN QUERY
        SELECT 'ok'::text, p.person_key, n.full_name, b.birth_year, b.birth_month, b.birth_day, b.sex,
               (SELECT i.number FROM population.person_number i WHERE i.person_key = p.person_key
                AND i.kind = 'personal_id' AND i.state = 'active' AND upper_inf(i.recorded)
                AND i.valid @> access.today() LIMIT 1),
               r.unit_id, r.address, p.alive_until = 'infinity'::date, f.score
        FROM unnest(found, scores) WITH ORDINALITY AS f(key, score, ord)
        JOIN population.person p ON p.person_key = f.key
        LEFT JOIN population.person_name n ON n.person_key = p.person_key AND n.kind = 'birth'
            AND upper_inf(n.recorded) AND n.valid @> access.today()
        LEFT JOIN population.person_birth b ON b.person_key = p.person_key AND upper_inf(b.recorded)
        LEFT JOIN population.residence r ON r.person_key = p.person_key AND r.kind = 'permanent'
            AND upper_inf(r.recorded) AND r.valid @> access.today()
        ORDER BY f.ord;
END $$;

REVOKE ALL ON FUNCTION
    population.known(bigint),
    population.name_one(text, bigint, text, bytea, text, bigint, text, text, text, text, text, text),
    population.number_taken(text, bigint, text, bytea, text, text, text, text, text, text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION population.known(bigint) TO dancu_owner;
GRANT EXECUTE ON FUNCTION
    population.name_one(text, bigint, text, bytea, text, bigint, text, text, text, text, text, text),
    population.number_taken(text, bigint, text, bytea, text, text, text, text, text, text)
TO dancu_app;
RESET ROLE;
