-- Marks of many requests (see migrations/0049_releases.sql) nearly always come for the first time: then there is nothing to look up beside
-- putting them down. Tokens for programs ask the same function, and so does a batch that brings marks and nothing else.

GRANT CREATE ON SCHEMA oidc TO dancu_gate;
SET LOCAL ROLE dancu_gate;

CREATE OR REPLACE FUNCTION oidc.stale(owners integer[], digests bytea[], seconds integer[]) RETURNS integer[] LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE fresh bytea[]; found integer[];
BEGIN
    IF cardinality(digests) = 0 THEN RETURN '{}'; END IF;
    WITH kept AS (
        INSERT INTO oidc.mark (digest, until)
        SELECT d, now() + make_interval(secs => max(s)) FROM unnest(digests, seconds) AS m(d, s) GROUP BY d ORDER BY d
        ON CONFLICT DO NOTHING RETURNING digest
    )
    SELECT coalesce(array_agg(digest), '{}') INTO fresh FROM kept;
    IF cardinality(fresh) = cardinality(digests) THEN RETURN '{}'; END IF;
    SELECT coalesce(array_agg(b.o), '{}') INTO found FROM unnest(owners, digests) AS b(o, d)
     WHERE b.d <> ALL (fresh)
        OR EXISTS (SELECT FROM unnest(owners, digests) AS e(o, d) WHERE e.d = b.d AND e.o < b.o);
    RETURN found;
END $$;

CREATE OR REPLACE FUNCTION oidc.client_tokens(
    clients bigint[], orgs text[], requests text[], scopes text[], owners integer[], digests bytea[], seconds integer[],
    purpose text, legal_basis text
) RETURNS boolean[] LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE stale integer[] := oidc.stale(owners, digests, seconds); entries audit.entry_in[]; answer boolean[];
BEGIN
    SELECT array_agg(c.n <> ALL (stale) ORDER BY c.n),
           array_agg(ROW('sign_in', 'client', c.client, c.org, client_tokens.purpose, client_tokens.legal_basis, NULL, NULL, NULL,
               c.request, 'api', NULL, jsonb_build_object('verb', 'oidc.client_token', 'scope', c.scope))::audit.entry_in
               ORDER BY c.n) FILTER (WHERE c.n <> ALL (stale))
      INTO answer, entries
      FROM unnest(clients, orgs, requests, scopes) WITH ORDINALITY AS c(client, org, request, scope, n);
    IF entries IS NOT NULL THEN PERFORM audit.record(entries); END IF;
    RETURN answer;
END $$;

GRANT EXECUTE ON FUNCTION oidc.stale(integer[], bytea[], integer[]) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA oidc FROM dancu_gate;
