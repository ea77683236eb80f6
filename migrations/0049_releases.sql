-- Tokens shown at UserInfo and introspection, many requests at once: the marks they bring, the family each stands on, what may go
-- out of it and the evidence that it went, in one statement and one commit.

SET LOCAL ROLE dancu_gate;

-- Marks of many requests: `owners` says which request (1..n) brings which. The requests one of whose marks came before, here or
-- in another of them.
CREATE OR REPLACE FUNCTION oidc.stale(owners integer[], digests bytea[], seconds integer[]) RETURNS integer[] LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found integer[];
BEGIN
    IF cardinality(digests) = 0 THEN RETURN '{}'; END IF;
    WITH brought AS (SELECT o, d, s FROM unnest(owners, digests, seconds) AS m(o, d, s)),
    kept AS (
        INSERT INTO oidc.mark (digest, until)
        SELECT d, now() + make_interval(secs => max(s)) FROM brought GROUP BY d ORDER BY d
        ON CONFLICT DO NOTHING RETURNING digest
    )
    SELECT coalesce(array_agg(b.o), '{}') INTO found FROM brought b
     WHERE b.d NOT IN (SELECT digest FROM kept)
        OR EXISTS (SELECT 1 FROM brought e WHERE e.d = b.d AND e.o < b.o);
    RETURN found;
END $$;

-- `oidc.use_family` of many requests; one without a person (0) only brings marks, and is 'ok' with them or 'replayed'.
CREATE OR REPLACE FUNCTION oidc.use_many(
    owners integer[], digests bytea[], seconds integer[], persons bigint[], family_ids bytea[], clients bigint[]
) RETURNS TABLE (ord integer, word text, fam oidc.family) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE replayed integer[] := oidc.stale(owners, digests, seconds);
BEGIN
    FOR n IN 1 .. cardinality(persons) LOOP
        ord := n;
        fam := NULL;
        word := CASE WHEN ord = ANY (replayed) THEN 'replayed' ELSE 'ok' END;
        IF word = 'ok' AND persons[ord] <> 0 THEN
            SELECT g.* INTO fam FROM oidc.family g
             WHERE g.person_key = persons[ord] AND g.family_id = family_ids[ord] AND g.client_no = clients[ord];
            word := CASE WHEN NOT FOUND THEN 'unknown'
                         WHEN fam.ended_at IS NOT NULL THEN 'ended'
                         WHEN fam.expires_at < now() THEN 'expired'
                         WHEN accounts.standing(persons[ord]) IS DISTINCT FROM fam.lock_version THEN 'locked'
                         ELSE 'ok' END;
            IF word <> 'ok' THEN fam := NULL; END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

-- The facts of one person that stand behind released fields, as the registry knows them today. For functions that have asked the
-- gate's rule and recorded the release; nobody else may call it.
CREATE OR REPLACE FUNCTION population.released(person bigint, fields text[]) RETURNS json LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object(
        'name', CASE WHEN 'name' = ANY (fields) THEN (SELECT f.full_name FROM population.person_name f
            WHERE f.person_key = person AND f.kind = 'birth' AND upper_inf(f.recorded) AND f.valid @> access.today()
            ORDER BY lower(f.valid) NULLS FIRST, f.fact_id LIMIT 1) END,
        'birth', CASE WHEN fields && '{birth,sex}' THEN (SELECT json_build_array(f.birth_year, f.birth_month, f.birth_day, f.sex)
            FROM population.person_birth f
            WHERE f.person_key = person AND upper_inf(f.recorded) AND f.valid @> access.today()
            ORDER BY lower(f.valid) NULLS FIRST, f.fact_id LIMIT 1) END,
        'number', CASE WHEN 'number' = ANY (fields) THEN (SELECT f.number FROM population.person_number f
            WHERE f.person_key = person AND f.kind = 'personal_id' AND f.state = 'active' AND upper_inf(f.recorded)
              AND f.valid @> access.today() ORDER BY lower(f.valid) NULLS FIRST, f.fact_id LIMIT 1) END,
        'nationality', CASE WHEN 'traits' = ANY (fields) THEN (SELECT f.nationality FROM population.person_trait f
            WHERE f.person_key = person AND upper_inf(f.recorded) AND f.valid @> access.today()
            ORDER BY lower(f.valid) NULLS FIRST, f.fact_id LIMIT 1) END,
        'home', CASE WHEN 'residence' = ANY (fields) THEN (SELECT json_build_array(f.address, f.hamlet_id, f.unit_id)
            FROM population.residence f
            WHERE f.person_key = person AND f.kind IN ('permanent', 'current', 'temporary') AND upper_inf(f.recorded)
              AND f.valid @> access.today()
            ORDER BY array_position('{permanent,current,temporary}', f.kind), lower(f.valid) NULLS FIRST, f.fact_id LIMIT 1) END);
$$;

-- UserInfo. `asked` of each request: {"wanted": groups the token's scope stands for, "allowed": groups of the agreement, "consent":
-- must the citizen have agreed, "purposes": {code: legal basis} of the agreement ({}: any), "purpose": [code, basis] where
-- there is none}. `claim_groups`: claim -> group; `group_fields`: [group, fields of the registry] in their order. What goes out is wanted (by
-- scope or by the family's own claims), agreed and agreed to, for the family's purpose; each release is an entry. 'denied':
-- the gate refuses, which is an entry too.
CREATE OR REPLACE FUNCTION oidc.release_many(
    owners integer[], digests bytea[], seconds integer[], persons bigint[], family_ids bytea[], clients bigint[], orgs text[],
    requests text[], asked jsonb[], claim_groups jsonb, group_fields jsonb
) RETURNS TABLE (ord integer, word text, fam oidc.family, groups text[], facts json, phone bytea, phone_verified boolean,
                 email bytea, email_verified boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record; a jsonb; code text; basis text; fields text[]; said text; entries audit.entry_in[] := '{}';
BEGIN
    FOR one IN SELECT u.ord AS n, u.word AS w, u.fam AS f
                 FROM oidc.use_many(owners, digests, seconds, persons, family_ids, clients) u ORDER BY u.ord LOOP
        ord := one.n; word := one.w; fam := one.f; groups := '{}'; facts := NULL;
        phone := NULL; phone_verified := NULL; email := NULL; email_verified := NULL;
        IF word = 'ok' THEN
            a := asked[ord];
            code := fam.purpose;
            IF a->'purposes' IS NULL OR jsonb_typeof(a->'purposes') <> 'object' THEN
                code := a->'purpose'->>0; basis := a->'purpose'->>1;
            ELSIF a->'purposes' = '{}' THEN basis := a->'purpose'->>1;
            ELSE basis := a->'purposes'->>code;
            END IF;
            IF basis IS NOT NULL THEN
                groups := ARRAY(SELECT g FROM jsonb_array_elements_text(a->'allowed') AS g
                                 WHERE a->'wanted' ? g OR g IN (SELECT claim_groups->>k
                                       FROM jsonb_object_keys(coalesce(fam.claims->'userinfo', '{}')) AS k));
                IF (a->>'consent')::boolean AND groups <> '{}' THEN
                    groups := ARRAY(SELECT g FROM unnest(groups) AS g, sharing.standing(fam.person_key, fam.client_no, code) AS c
                                     WHERE g = ANY (c.claims));
                END IF;
            END IF;
            IF groups <> '{}' THEN
                fields := ARRAY(SELECT f FROM jsonb_array_elements(group_fields) WITH ORDINALITY AS x(pair, n),
                                       jsonb_array_elements_text(x.pair->1) AS f WHERE x.pair->>0 = ANY (groups)
                                 GROUP BY f ORDER BY min(x.n), f);
                said := coalesce((SELECT population.verdict('client', fam.client_no, NULL, p.person_key, p.areas, 'person.release',
                                         code, basis) FROM population.person p WHERE p.person_key = fam.person_key), 'not_found');
                entries := entries || ROW(CASE WHEN said = 'ok' THEN 'read' ELSE 'denied' END, 'client', fam.client_no, orgs[ord],
                    code, basis, NULL, CASE WHEN said <> 'not_found' THEN fam.person_key END, fields, requests[ord], 'api', NULL,
                    CASE WHEN said <> 'ok' THEN jsonb_build_object('verdict', said) END)::audit.entry_in;
                IF said = 'ok' THEN
                    facts := population.released(fam.person_key, fields);
                    IF 'contacts' = ANY (fields) THEN
                        SELECT c.phone, c.phone_verified_at IS NOT NULL, c.email, c.email_verified_at IS NOT NULL
                          INTO phone, phone_verified, email, email_verified
                          FROM accounts.account c WHERE c.person_key = fam.person_key;
                    END IF;
                ELSE
                    word := 'denied'; fam := NULL; groups := '{}';
                END IF;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
    -- Before any of them is answered, in the same commit.
    IF entries <> '{}' THEN PERFORM audit.record(entries); END IF;
END $$;

REVOKE ALL ON FUNCTION oidc.stale(integer[], bytea[], integer[]),
    oidc.use_many(integer[], bytea[], integer[], bigint[], bytea[], bigint[]), population.released(bigint, text[]),
    oidc.release_many(integer[], bytea[], integer[], bigint[], bytea[], bigint[], text[], text[], jsonb[], jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION oidc.use_many(integer[], bytea[], integer[], bigint[], bytea[], bigint[]),
    oidc.release_many(integer[], bytea[], integer[], bigint[], bytea[], bigint[], text[], text[], jsonb[], jsonb, jsonb)
    TO dancu_app, dancu_worker;
