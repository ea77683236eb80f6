-- The evidence of one look, and what may go out to one service, are what nearly every call is about: these are written and decided without
-- the machinery for many (a scan of the array, a list to be sorted), which took a tenth of such a statement.

-- As before; a single entry needs neither, and finds in the same statement whether the log is being sequenced.
CREATE OR REPLACE FUNCTION audit.record(entries audit.entry_in[]) RETURNS bigint[] LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE ids bigint[]; one audit.entry_in; id bigint;
BEGIN
    IF cardinality(entries) = 1 THEN
        one := entries[1];
        INSERT INTO audit.pending (action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject,
                                   fields, request_id, channel, facts, note)
        SELECT one.action, one.actor_kind, one.actor_id, one.org_code, one.purpose, one.legal_basis, one.case_ref, one.subject,
               one.fields, one.request_id, one.channel, one.facts, one.note
          FROM audit.sequencer s WHERE s.caught_up_at > clock_timestamp() - interval '30 seconds'
        RETURNING entry_id INTO id;
        IF FOUND THEN RETURN ARRAY[id]; END IF;
    END IF;
    PERFORM audit.assert_alive();
    WITH noted AS (
        INSERT INTO audit.pending (action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject,
                                   fields, request_id, channel, facts, note)
        SELECT e.action, e.actor_kind, e.actor_id, e.org_code, e.purpose, e.legal_basis, e.case_ref, e.subject,
               e.fields, e.request_id, e.channel, e.facts, e.note
        FROM unnest(entries) AS e
        RETURNING entry_id
    )
    SELECT coalesce(array_agg(entry_id ORDER BY entry_id), '{}') INTO ids FROM noted;
    RETURN ids;
END $$;

SET LOCAL ROLE dancu_owner;
GRANT CREATE ON SCHEMA oidc TO dancu_gate;
RESET ROLE;

SET LOCAL ROLE dancu_gate;


-- As before. Who asked in which place is said (`ord`), and the order of the rows is the caller's.
CREATE OR REPLACE FUNCTION oidc.release_many(
    owners integer[], digests bytea[], seconds integer[], persons bigint[], family_ids bytea[], clients bigint[], orgs text[],
    requests text[], asked jsonb[], claim_groups jsonb, group_fields jsonb
) RETURNS TABLE (ord integer, word text, fam oidc.family, groups text[], facts json, phone bytea, phone_verified boolean,
                 email bytea, email_verified boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    one record; a jsonb; code text; basis text; fields text[]; said text; entries audit.entry_in[] := '{}';
    own text[]; agreed text[]; g text; f text;
BEGIN
    FOR one IN SELECT u.ord AS n, u.word AS w, u.fam AS f FROM oidc.use_many(owners, digests, seconds, persons, family_ids, clients) u LOOP
        ord := one.n; word := one.w; fam := one.f; groups := '{}'; facts := NULL; fields := '{}';
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
                own := '{}';
                IF jsonb_typeof(fam.claims->'userinfo') = 'object' THEN
                    own := ARRAY(SELECT claim_groups->>k FROM jsonb_object_keys(fam.claims->'userinfo') AS k);
                END IF;
                IF (a->>'consent')::boolean THEN
                    SELECT c.claims INTO agreed FROM sharing.standing(fam.person_key, fam.client_no, code) AS c;
                END IF;
                FOR n IN 0 .. jsonb_array_length(a->'allowed') - 1 LOOP
                    g := a->'allowed'->>n;
                    IF (a->'wanted' ? g OR g = ANY (own)) AND (g = ANY (agreed) OR NOT (a->>'consent')::boolean) THEN
                        groups := groups || g;
                    END IF;
                END LOOP;
            END IF;
            IF groups <> '{}' THEN
                FOR n IN 0 .. jsonb_array_length(group_fields) - 1 LOOP
                    IF group_fields->n->>0 = ANY (groups) THEN
                        FOR m IN 0 .. jsonb_array_length(group_fields->n->1) - 1 LOOP
                            f := group_fields->n->1->>m;
                            IF f <> ALL (fields) THEN fields := fields || f; END IF;
                        END LOOP;
                    END IF;
                END LOOP;
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
RESET ROLE;

SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA oidc FROM dancu_gate;
RESET ROLE;
