-- The gate: the only way for the application to see persons. It decides per person (session, purpose, permission, area),
-- writes one evidence entry per person in the same transaction, and only then opens the rows (population.subjects()).
-- Search and the batched look-up run inside functions of the gate's own role, because row policies keep trigram and
-- array operators away from indexes; they check, cap and record themselves.

GRANT USAGE ON SCHEMA audit, access TO dancu_gate;

-- A look opens rows to be read. Only a verb's door (open_for_write, open_for_act, open_new) opens them to be changed, so
-- that a page that may read cannot write, whatever is wrong with it.
CREATE FUNCTION population.writable() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('dancu.writable', true), ''), '{}')::bigint[];
CREATE FUNCTION population.writable_households() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('dancu.writable_households', true), ''), '{}')::bigint[];
DO $$
DECLARE
    t name; readable text; changeable text;
BEGIN
    FOR t IN SELECT tablename FROM pg_policies WHERE schemaname = 'population' AND policyname = 'app' LOOP
        readable := CASE t WHEN 'household' THEN 'household_key = ANY (population.households())'
                           ELSE 'person_key = ANY (population.subjects())' END;
        changeable := CASE t WHEN 'household' THEN 'household_key = ANY (population.writable_households())'
                             ELSE 'person_key = ANY (population.writable())' END;
        EXECUTE format('DROP POLICY app ON population.%I', t);
        EXECUTE format('CREATE POLICY app_reads ON population.%I FOR SELECT TO dancu_app USING (%s)', t, readable);
        EXECUTE format('CREATE POLICY app_adds ON population.%I FOR INSERT TO dancu_app WITH CHECK (%s)', t, changeable);
        EXECUTE format('CREATE POLICY app_changes ON population.%I FOR UPDATE TO dancu_app USING (%s)', t, changeable);
    END LOOP;
END $$;

SET LOCAL ROLE dancu_gate;

-- The rule in one place: may this actor do `permission` to this person for this purpose?
-- 'ok' | 'no_session' | 'no_purpose' | 'no_permission' | 'outside_area' | 'not_found'
CREATE FUNCTION population.verdict(
    actor_kind text, actor_id bigint, session_hash bytea, person bigint, person_areas integer[],
    permission text, purpose text, legal_basis text
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE held record;
BEGIN
    IF actor_kind = 'citizen' THEN
        -- A citizen sees one record: their own.
        IF NOT access.session_live('citizen', actor_id, session_hash) THEN RETURN 'no_session'; END IF;
        IF NOT access.purpose_ok(purpose, legal_basis, access.today(), permission) THEN RETURN 'no_purpose'; END IF;
        IF permission <> 'citizen.self' THEN RETURN 'no_permission'; END IF;
        IF person IS NULL THEN RETURN 'not_found'; END IF;
        RETURN CASE WHEN person = actor_id THEN 'ok' ELSE 'no_permission' END;
    END IF;
    IF actor_kind <> 'staff' THEN RETURN 'no_session'; END IF;
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, permission);
    IF NOT held.ok THEN
        IF NOT access.session_live('staff', actor_id, session_hash) THEN RETURN 'no_session'; END IF;
        -- Someone who may only look nationally, or who broke the glass, holds the right by that.
        IF permission = 'person.read' AND (access.right_of(actor_id, session_hash, 'person.read.national')).ok
           AND access.purpose_ok(purpose, legal_basis, access.today(), 'person.read.national') THEN
            RETURN CASE WHEN person IS NULL THEN 'not_found' ELSE 'ok' END;
        END IF;
        RETURN 'no_permission';
    END IF;
    IF NOT access.purpose_ok(purpose, legal_basis, access.today(), permission) THEN RETURN 'no_purpose'; END IF;
    IF person IS NULL THEN RETURN 'not_found'; END IF;
    IF held."national" OR person_areas && held.areas THEN RETURN 'ok'; END IF;
    -- National look-up reaches reading and printing, never history or a write.
    IF permission IN ('person.read', 'person.print')
       AND (access.right_of(actor_id, session_hash, 'person.read.national')).ok
       AND access.purpose_ok(purpose, legal_basis, access.today(), 'person.read.national') THEN RETURN 'ok'; END IF;
    IF permission IN ('person.read', 'person.history', 'person.print') AND access.broken_glass(actor_id, person) THEN
        RETURN 'ok';
    END IF;
    RETURN 'outside_area';
END $$;

-- Open persons to the rest of this transaction, to be read or also to be changed. Not callable by any login role.
CREATE FUNCTION population.open_rows(persons bigint[], to_write boolean DEFAULT false) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    theirs bigint[] := ARRAY(SELECT DISTINCT m.household_key FROM population.household_member m
                             WHERE m.person_key = ANY (persons));
BEGIN
    PERFORM set_config('dancu.subjects', (population.subjects() || persons)::text, true);
    PERFORM set_config('dancu.households', (population.households() || theirs)::text, true);
    IF to_write THEN
        PERFORM set_config('dancu.writable', (population.writable() || persons)::text, true);
        PERFORM set_config('dancu.writable_households', (population.writable_households() || theirs)::text, true);
    END IF;
END $$;

-- One actor looks at several persons: a verdict and an entry each, in the order given. Those that are 'ok' are open
-- until the transaction ends. Denied looks are recorded as such.
CREATE FUNCTION population.look(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, persons bigint[],
    permission text, purpose text, legal_basis text, case_ref text, fields text[],
    request_id text, channel text, note jsonb DEFAULT NULL
) RETURNS TABLE (person_key bigint, verdict text, entry_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked bigint[]; said text[]; ids bigint[];
BEGIN
    SELECT array_agg(a.key ORDER BY a.ord),
           array_agg(population.verdict(actor_kind, actor_id, session_hash, p.person_key, p.areas,
                                        permission, purpose, legal_basis) ORDER BY a.ord)
      INTO asked, said
      FROM unnest(persons) WITH ORDINALITY AS a(key, ord)
      LEFT JOIN population.person p ON p.person_key = a.key;
    ids := audit.record(ARRAY(
        SELECT ROW(CASE WHEN s.v = 'ok' THEN 'read' ELSE 'denied' END, actor_kind, actor_id, org_code, purpose,
                   legal_basis, case_ref, CASE WHEN s.v = 'not_found' THEN NULL ELSE s.k END, fields, request_id,
                   channel, NULL,
                   CASE WHEN s.v <> 'ok' THEN coalesce(note, '{}') || jsonb_build_object('verdict', s.v)
                        -- An emergency opening shows in the log whatever purpose the desk stood on.
                        WHEN actor_kind = 'staff' AND access.broken_glass(actor_id, s.k)
                        THEN coalesce(note, '{}') || '{"break_glass": true}'
                        ELSE note END)::audit.entry_in
        FROM unnest(asked, said) WITH ORDINALITY AS s(k, v, ord) ORDER BY s.ord));
    PERFORM population.open_rows(ARRAY(SELECT s.k FROM unnest(asked, said) AS s(k, v) WHERE s.v = 'ok'));
    RETURN QUERY SELECT * FROM unnest(asked, said, ids);
END $$;

-- Open persons for a verb. The verb itself records one 'write' entry per person it changes, with the digest of its
-- facts, in this transaction; only a denial is recorded here.
CREATE FUNCTION population.open_for_write(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, persons bigint[],
    permission text, purpose text, legal_basis text, case_ref text, request_id text, channel text
) RETURNS TABLE (person_key bigint, verdict text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked bigint[]; said text[];
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
    PERFORM audit.record(ARRAY(
        SELECT ROW('denied', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref,
                   CASE WHEN s.v = 'not_found' THEN NULL ELSE s.k END, ARRAY[permission], request_id, channel, NULL,
                   jsonb_build_object('verdict', s.v))::audit.entry_in
        FROM unnest(asked, said) AS s(k, v) WHERE s.v <> 'ok'));
    PERFORM population.open_rows(ARRAY(SELECT s.k FROM unnest(asked, said) AS s(k, v) WHERE s.v = 'ok'), to_write => true);
    RETURN QUERY SELECT * FROM unnest(asked, said);
END $$;

-- Open keys that name nobody yet, for the registration of new persons; and households that have no rows yet.
CREATE FUNCTION population.open_new(persons bigint[], new_households bigint[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM population.person p WHERE p.person_key = ANY (persons))
       OR EXISTS (SELECT FROM population.household h WHERE h.household_key = ANY (new_households)) THEN
        RAISE EXCEPTION 'key is taken' USING ERRCODE = '42501';
    END IF;
    PERFORM set_config('dancu.subjects', (population.subjects() || persons)::text, true);
    PERFORM set_config('dancu.households', (population.households() || new_households)::text, true);
    PERFORM set_config('dancu.writable', (population.writable() || persons)::text, true);
    PERFORM set_config('dancu.writable_households', (population.writable_households() || new_households)::text, true);
END $$;

-- Number -> person key, for the service to look at next. It says only whom to ask the gate about.
CREATE FUNCTION population.keys_of(numbers text[]) RETURNS TABLE (number text, kind text, state text, person_key bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.number, d.kind, d.state, d.person_key
    FROM population.directory d WHERE d.number = ANY (numbers)
    ORDER BY d.number, d.kind, d.person_key;
$$;

-- Keys of those who belong to an opened household: whom to ask the gate about to show its members by name.
CREATE FUNCTION population.members_of(household bigint) RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT m.person_key ORDER BY m.person_key), '{}')
    FROM population.household_member m
    WHERE m.household_key = household AND household = ANY (population.households())
      AND upper_inf(m.recorded) AND m.valid @> access.today();
$$;

-- The summary that the batched look-up answers with, as the registry knows the person today.
CREATE FUNCTION population.summary(person bigint) RETURNS json LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
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
    WHERE p.person_key = person;
$$;

-- The hot path: looks of many actors at once, one statement and one commit for all. Element i of every array is one
-- request. One bad element never fails the others; each has its own verdict and its own evidence entry.
CREATE FUNCTION population.find_many(
    numbers text[], actor_kinds text[], actor_ids bigint[], org_codes text[], sessions bytea[],
    purposes text[], legal_bases text[], case_refs text[], request_ids text[], channels text[]
) RETURNS TABLE (ord bigint, verdict text, entry_id bigint, record json)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
        SELECT e.ord, e.v, e.i, CASE WHEN e.v = 'ok' THEN population.summary(e.k) END
        FROM unnest(keys, said, ids) WITH ORDINALITY AS e(k, v, i, ord) ORDER BY e.ord;
END $$;

-- Search by words of the name with a year of birth and/or areas. `wanted` is a list of groups of terms: a person must
-- carry one term of each group. At most `most` rows come back, each recorded as a look; more than 2000 candidates are
-- refused (verdict 'too_broad'): the desk does not trawl.
CREATE FUNCTION population.search(
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
    population.verdict(text, bigint, bytea, bigint, integer[], text, text, text),
    population.open_rows(bigint[], boolean),
    population.look(text, bigint, text, bytea, bigint[], text, text, text, text, text[], text, text, jsonb),
    population.open_for_write(text, bigint, text, bytea, bigint[], text, text, text, text, text, text),
    population.open_new(bigint[], bigint[]),
    population.keys_of(text[]),
    population.members_of(bigint),
    population.summary(bigint),
    population.find_many(text[], text[], bigint[], text[], bytea[], text[], text[], text[], text[], text[]),
    population.search(text, bigint, text, bytea, text, text, text, text, text, jsonb, text, text, text, integer,
        integer, integer, integer[], integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    population.look(text, bigint, text, bytea, bigint[], text, text, text, text, text[], text, text, jsonb),
    population.open_for_write(text, bigint, text, bytea, bigint[], text, text, text, text, text, text),
    population.open_new(bigint[], bigint[]),
    population.keys_of(text[]),
    population.members_of(bigint),
    population.find_many(text[], text[], bigint[], text[], bytea[], text[], text[], text[], text[], text[]),
    population.search(text, bigint, text, bytea, text, text, text, text, text, jsonb, text, text, text, integer,
        integer, integer, integer[], integer)
TO dancu_app;
