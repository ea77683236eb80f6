-- The OpenID provider: who may ask (clients), what a citizen's sign-in there became (families of tokens), and what may come only once
-- (marks). Flow state in between travels sealed in parameters and codes; nothing of it is a row.

CREATE SCHEMA oidc;
GRANT USAGE ON SCHEMA oidc TO dancu_app, dancu_worker, dancu_verify, dancu_gate;

-- `profile` fapi2: pushed requests, private_key_jwt or mTLS, sender-bound tokens; basic: OpenID Connect Basic for services
-- that cannot do that yet; public: no secret, PKCE. `sector`: who shares one pairwise `sub`. `secret_hash`: SHA-256 of a
-- secret of 256 random bits; `old_secret_hash` works beside it until `old_secret_until`.
CREATE TABLE oidc.client (
    client_no bigint GENERATED ALWAYS AS IDENTITY,
    client_id text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    org_code text NOT NULL,
    org_name text NOT NULL DEFAULT '',
    profile text NOT NULL CHECK (profile IN ('fapi2', 'basic', 'public')),
    state text NOT NULL DEFAULT 'test' CHECK (state IN ('test', 'live', 'suspended')),
    auth_method text NOT NULL CHECK (auth_method IN ('private_key_jwt', 'client_secret_basic', 'client_secret_post',
        'tls_client_auth', 'self_signed_tls_client_auth', 'none')),
    redirect_uris text[] NOT NULL DEFAULT '{}',
    post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
    backchannel_logout_uri text NOT NULL DEFAULT '',
    grant_types text[] NOT NULL DEFAULT '{authorization_code}',
    scopes text[] NOT NULL DEFAULT '{}',
    jwks jsonb,
    secret_hash bytea,
    old_secret_hash bytea,
    old_secret_until timestamptz,
    tls_subject text NOT NULL DEFAULT '',
    subject_type text NOT NULL DEFAULT 'pairwise' CHECK (subject_type IN ('pairwise', 'public')),
    sector text NOT NULL,
    bound text NOT NULL DEFAULT '' CHECK (bound IN ('', 'dpop', 'mtls')),
    userinfo_signed boolean NOT NULL DEFAULT false,
    home_uri text NOT NULL DEFAULT '',
    contact text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT client_pkey PRIMARY KEY (client_no),
    CONSTRAINT client_id_key UNIQUE (client_id),
    CONSTRAINT client_has_what_it_proves_itself_with CHECK (CASE auth_method
        WHEN 'private_key_jwt' THEN jwks IS NOT NULL
        WHEN 'self_signed_tls_client_auth' THEN jwks IS NOT NULL
        WHEN 'tls_client_auth' THEN tls_subject <> ''
        WHEN 'none' THEN profile = 'public'
        ELSE secret_hash IS NOT NULL END),
    CONSTRAINT client_fapi2_is_strong CHECK (profile <> 'fapi2' OR (bound <> ''
        AND auth_method IN ('private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth')))
);
CREATE INDEX client_org_idx ON oidc.client (org_code);

-- One row per redeemed code: the family of everything issued from it. `family_id` is drawn when the request begins, so a
-- request and a code lead to one row at most. `lock_version` is the account's at the time: once it moves, the family is
-- worth nothing. `generation` counts refresh tokens where they rotate.
CREATE TABLE oidc.family (
    person_key bigint NOT NULL,
    family_id bytea NOT NULL CHECK (octet_length(family_id) = 16),
    client_no bigint NOT NULL,
    scope text[] NOT NULL,
    claims jsonb NOT NULL DEFAULT '{}',
    details jsonb NOT NULL DEFAULT '[]',
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    sid text NOT NULL,
    acr smallint NOT NULL,
    amr text[] NOT NULL,
    auth_time timestamptz NOT NULL,
    lock_version integer NOT NULL,
    jkt text NOT NULL DEFAULT '',
    x5t text NOT NULL DEFAULT '',
    offline boolean NOT NULL DEFAULT false,
    generation integer NOT NULL DEFAULT 0,
    rotated_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text NOT NULL DEFAULT '',
    CONSTRAINT family_pkey PRIMARY KEY (person_key, family_id),
    CONSTRAINT family_ended_says_why CHECK ((ended_at IS NULL) = (ended_by = ''))
);
CREATE INDEX family_expired_idx ON oidc.family (expires_at);

-- What may come once: digests of assertion and proof identifiers, kept until those would be refused for their age.
CREATE TABLE oidc.mark (
    digest bytea NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT mark_pkey PRIMARY KEY (digest)
);

ALTER TABLE oidc.family ENABLE ROW LEVEL SECURITY;
ALTER TABLE oidc.family FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON oidc.family TO dancu_app USING (person_key = ANY (accounts.opened()));
CREATE POLICY worker ON oidc.family TO dancu_worker USING (true);
CREATE POLICY gate ON oidc.family TO dancu_gate USING (true);

GRANT SELECT, INSERT, UPDATE ON oidc.client TO dancu_app;
GRANT SELECT ON oidc.client TO dancu_worker, dancu_verify;
GRANT SELECT, UPDATE ON oidc.family TO dancu_app;
GRANT SELECT, UPDATE, DELETE ON oidc.family TO dancu_worker;
GRANT SELECT, DELETE ON oidc.mark TO dancu_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA oidc TO dancu_app;
GRANT CREATE ON SCHEMA oidc TO dancu_gate;
GRANT SELECT, INSERT, UPDATE ON oidc.family, oidc.mark TO dancu_gate;

SET LOCAL ROLE dancu_gate;

-- The lock version of an account in use; NULL for every other.
CREATE FUNCTION accounts.standing(person bigint) RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.lock_version FROM accounts.account a WHERE a.person_key = person AND a.state = 'active';
$$;

-- True when every digest comes for the first time; `seconds`: how long each is remembered. In order, so that two callers
-- wait for each other and never in a circle.
CREATE FUNCTION oidc.spend(digests bytea[], seconds integer[]) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE fresh integer;
BEGIN
    IF cardinality(digests) = 0 THEN RETURN true; END IF;
    INSERT INTO oidc.mark (digest, until)
    SELECT d, now() + make_interval(secs => s) FROM unnest(digests, seconds) AS m(d, s) ORDER BY d
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS fresh = ROW_COUNT;
    RETURN fresh = cardinality(digests);
END $$;

-- Tokens for programs themselves, many requests at once: `owners` says which request (1..n) brings which mark. Answers per
-- request whether all it brought was new; those that were are recorded.
CREATE FUNCTION oidc.client_tokens(
    clients bigint[], orgs text[], requests text[], scopes text[], owners integer[], digests bytea[], seconds integer[],
    purpose text, legal_basis text
) RETURNS boolean[] LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE stale integer[]; entries audit.entry_in[]; answer boolean[];
BEGIN
    WITH brought AS (SELECT o, d, s FROM unnest(owners, digests, seconds) AS m(o, d, s)),
    kept AS (
        INSERT INTO oidc.mark (digest, until)
        SELECT d, now() + make_interval(secs => max(s)) FROM brought GROUP BY d ORDER BY d
        ON CONFLICT DO NOTHING RETURNING digest
    )
    SELECT coalesce(array_agg(b.o), '{}') INTO stale FROM brought b
     WHERE b.d NOT IN (SELECT digest FROM kept)
        OR EXISTS (SELECT 1 FROM brought e WHERE e.d = b.d AND e.o < b.o);
    SELECT array_agg(c.n <> ALL (stale) ORDER BY c.n),
           array_agg(ROW('sign_in', 'client', c.client, c.org, client_tokens.purpose, client_tokens.legal_basis, NULL, NULL, NULL,
               c.request, 'api', NULL, jsonb_build_object('verb', 'oidc.client_token', 'scope', c.scope))::audit.entry_in
               ORDER BY c.n) FILTER (WHERE c.n <> ALL (stale))
      INTO answer, entries
      FROM unnest(clients, orgs, requests, scopes) WITH ORDINALITY AS c(client, org, request, scope, n);
    IF entries IS NOT NULL THEN PERFORM audit.record(entries); END IF;
    RETURN answer;
END $$;

-- A code becomes a family: 'ok' once, 'reused' ever after, and then the family ends with everything issued from it.
-- 'replayed': a mark came again. 'locked': the account is not in use, or moved on since the code was given.
CREATE FUNCTION oidc.redeem(
    digests bytea[], seconds integer[], person bigint, code bytea, client bigint, org text, scope text[], claims jsonb,
    details jsonb, purpose text, legal_basis text, sid text, acr smallint, amr text[], auth_time timestamptz,
    version integer, jkt text, x5t text, offline boolean, life interval, request text
) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE fresh boolean;
BEGIN
    IF NOT oidc.spend(digests, seconds) THEN RETURN 'replayed'; END IF;
    IF accounts.standing(person) IS DISTINCT FROM version THEN RETURN 'locked'; END IF;
    INSERT INTO oidc.family AS g (person_key, family_id, client_no, scope, claims, details, purpose, legal_basis, sid, acr, amr,
        auth_time, lock_version, jkt, x5t, offline, expires_at)
    VALUES (person, code, client, redeem.scope, redeem.claims, redeem.details, redeem.purpose, redeem.legal_basis, redeem.sid,
        redeem.acr, redeem.amr, redeem.auth_time, version, redeem.jkt, redeem.x5t, redeem.offline, now() + life)
    ON CONFLICT ON CONSTRAINT family_pkey DO UPDATE
       SET ended_at = coalesce(g.ended_at, now()), ended_by = coalesce(nullif(g.ended_by, ''), 'code_reused')
     WHERE g.client_no = excluded.client_no
    RETURNING g.ended_at IS NULL INTO fresh;
    IF fresh IS NOT TRUE THEN RETURN 'reused'; END IF;
    PERFORM audit.record(ARRAY[ROW('sign_in', 'client', client, org, redeem.purpose, redeem.legal_basis, NULL, person, NULL,
        request, 'api', NULL, jsonb_build_object('verb', 'oidc.sign_in', 'scope', array_to_string(redeem.scope, ' ')))::audit.entry_in]);
    RETURN 'ok';
END $$;

-- A family as it stands for `client`, and whether it may still be used: 'ok', 'unknown', 'ended', 'expired', 'locked' or
-- 'replayed'. The row is empty unless the word is 'ok'.
CREATE FUNCTION oidc.use_family(digests bytea[], seconds integer[], person bigint, family_id bytea, client bigint)
RETURNS TABLE (word text, fam oidc.family) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT oidc.spend(digests, seconds) THEN word := 'replayed'; RETURN NEXT; RETURN; END IF;
    SELECT g.* INTO fam FROM oidc.family g
     WHERE g.person_key = person AND g.family_id = use_family.family_id AND g.client_no = client;
    word := CASE WHEN NOT FOUND THEN 'unknown'
                 WHEN fam.ended_at IS NOT NULL THEN 'ended'
                 WHEN fam.expires_at < now() THEN 'expired'
                 WHEN accounts.standing(person) IS DISTINCT FROM fam.lock_version THEN 'locked'
                 ELSE 'ok' END;
    IF word <> 'ok' THEN fam := NULL; END IF;
    RETURN NEXT;
END $$;

-- A refresh token is used. `generation` is what the token says; with `rotate` the family moves to the next. The one before
-- is answered again for `grace` seconds after the change (an answer got lost); an older one, or one after that, was
-- copied: the family ends ('reused'). 'unbound': another key or certificate than the family's.
CREATE FUNCTION oidc.refresh_family(
    digests bytea[], seconds integer[], person bigint, family_id bytea, generation integer, client bigint, org text,
    jkt text, x5t text, rotate boolean, grace integer, request text
) RETURNS TABLE (word text, fam oidc.family) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT oidc.spend(digests, seconds) THEN word := 'replayed'; RETURN NEXT; RETURN; END IF;
    SELECT g.* INTO fam FROM oidc.family g
     WHERE g.person_key = person AND g.family_id = refresh_family.family_id AND g.client_no = client FOR UPDATE;
    word := CASE WHEN NOT FOUND OR NOT fam.offline OR refresh_family.generation > fam.generation THEN 'unknown'
                 WHEN fam.ended_at IS NOT NULL THEN 'ended'
                 WHEN fam.expires_at < clock_timestamp() THEN 'expired'
                 WHEN fam.jkt NOT IN ('', refresh_family.jkt) OR fam.x5t NOT IN ('', refresh_family.x5t) THEN 'unbound'
                 WHEN accounts.standing(person) IS DISTINCT FROM fam.lock_version THEN 'locked'
                 WHEN refresh_family.generation = fam.generation THEN 'ok'
                 WHEN refresh_family.generation = fam.generation - 1
                      AND fam.rotated_at > clock_timestamp() - make_interval(secs => grace) THEN 'again'
                 ELSE 'reused' END;
    IF word = 'reused' THEN
        UPDATE oidc.family g SET ended_at = clock_timestamp(), ended_by = 'refresh_reused'
         WHERE g.person_key = person AND g.family_id = refresh_family.family_id;
    ELSIF word = 'ok' AND rotate THEN
        UPDATE oidc.family g SET generation = g.generation + 1, rotated_at = clock_timestamp(), used_at = clock_timestamp()
         WHERE g.person_key = person AND g.family_id = refresh_family.family_id RETURNING g.* INTO fam;
    ELSIF word = 'ok' AND fam.used_at < now() - interval '1 hour' THEN
        UPDATE oidc.family g SET used_at = clock_timestamp()
         WHERE g.person_key = person AND g.family_id = refresh_family.family_id;
    END IF;
    IF word IN ('ok', 'again') THEN
        PERFORM audit.record(ARRAY[ROW('sign_in', 'client', client, org, fam.purpose, fam.legal_basis, NULL, person, NULL,
            request, 'api', NULL, jsonb_build_object('verb', 'oidc.refresh'))::audit.entry_in]);
        word := 'ok';
    ELSE
        fam := NULL;
    END IF;
    RETURN NEXT;
END $$;

-- The family ends with everything issued from it, whoever holds it; true when it was running until now.
CREATE FUNCTION oidc.end_family(person bigint, family_id bytea, client bigint, why text) RETURNS boolean LANGUAGE plpgsql
VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE oidc.family g SET ended_at = now(), ended_by = why
     WHERE g.person_key = person AND g.family_id = end_family.family_id AND g.client_no = client AND g.ended_at IS NULL;
    RETURN FOUND;
END $$;

REVOKE ALL ON FUNCTION accounts.standing(bigint), oidc.spend(bytea[], integer[]),
    oidc.client_tokens(bigint[], text[], text[], text[], integer[], bytea[], integer[], text, text),
    oidc.redeem(bytea[], integer[], bigint, bytea, bigint, text, text[], jsonb, jsonb, text, text, text, smallint, text[],
        timestamptz, integer, text, text, boolean, interval, text),
    oidc.use_family(bytea[], integer[], bigint, bytea, bigint),
    oidc.refresh_family(bytea[], integer[], bigint, bytea, integer, bigint, text, text, text, boolean, integer, text),
    oidc.end_family(bigint, bytea, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.standing(bigint), oidc.spend(bytea[], integer[]),
    oidc.client_tokens(bigint[], text[], text[], text[], integer[], bytea[], integer[], text, text),
    oidc.redeem(bytea[], integer[], bigint, bytea, bigint, text, text[], jsonb, jsonb, text, text, text, smallint, text[],
        timestamptz, integer, text, text, boolean, interval, text),
    oidc.use_family(bytea[], integer[], bigint, bytea, bigint),
    oidc.refresh_family(bytea[], integer[], bigint, bytea, integer, bigint, text, text, text, boolean, integer, text),
    oidc.end_family(bigint, bytea, bigint, text) TO dancu_app, dancu_worker;
