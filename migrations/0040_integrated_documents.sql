-- Integrated documents: papers of ministries that a citizen carries in the account, and each time one was shown.

-- One row per document: `number_hash` tells two of one kind apart without saying their number. `sealed`: what the ministry said
-- of it, encrypted. `standing`: what became of the wish to integrate it; `reason`: why not, as a code, and `differs`: which fields
-- differ (their names only). `state`: of the document itself, live from its source; `checked_at`: when it was last asked.
CREATE TABLE credentials.document (
    person_key bigint NOT NULL,
    document_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{2,40}$'),
    number_hash bytea NOT NULL DEFAULT '',
    standing text NOT NULL DEFAULT 'asked' CHECK (standing IN ('asked', 'integrated', 'contradicts', 'not_found', 'unreachable', 'not_connected', 'removed')),
    reason text NOT NULL DEFAULT '',
    differs text[] NOT NULL DEFAULT '{}',
    state text CHECK (state IN ('valid', 'expired', 'suspended', 'revoked')),
    sealed bytea,
    as_of date,
    asked_at timestamptz NOT NULL,
    asked_how text NOT NULL DEFAULT 'account' CHECK (asked_how IN ('account', 'visit')),
    checked_at timestamptz,
    tried_at timestamptz,
    changed_at timestamptz NOT NULL,
    entry_id bigint NOT NULL,
    CONSTRAINT document_pkey PRIMARY KEY (person_key, document_id),
    CONSTRAINT document_integrated_is_whole CHECK (standing <> 'integrated' OR (sealed IS NOT NULL AND state IS NOT NULL AND checked_at IS NOT NULL)),
    CONSTRAINT document_contradiction_says_which CHECK (standing <> 'contradicts' OR cardinality(differs) > 0)
);
CREATE UNIQUE INDEX document_one ON credentials.document (person_key, kind, number_hash) WHERE standing <> 'removed';
CREATE INDEX document_due ON credentials.document (coalesce(tried_at, asked_at)) WHERE standing NOT IN ('removed', 'not_connected');

-- A document shown on a screen: for one minute, to one officer, once. `digest`: of the code in the QR picture; `short_digest`: of the
-- digits that are typed where nothing can scan.
CREATE TABLE credentials.presentation (
    person_key bigint NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    short_digest bytea NOT NULL CHECK (octet_length(short_digest) = 32),
    document_id uuid NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    checked_at timestamptz,
    checked_by bigint,
    checked_org text,
    CONSTRAINT presentation_pkey PRIMARY KEY (person_key, digest),
    CONSTRAINT presentation_short_lived CHECK (expires_at > made_at AND expires_at <= made_at + interval '2 minutes'),
    CONSTRAINT presentation_checked_whole CHECK ((checked_at IS NULL) = (checked_by IS NULL))
);
CREATE INDEX presentation_digest_idx ON credentials.presentation (digest);
CREATE INDEX presentation_short_idx ON credentials.presentation (short_digest, expires_at);
CREATE INDEX presentation_old_idx ON credentials.presentation (expires_at);

DO $$
DECLARE t name;
BEGIN
    FOREACH t IN ARRAY ARRAY['document', 'presentation'] LOOP
        EXECUTE format('ALTER TABLE credentials.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE credentials.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY app ON credentials.%I TO dancu_app USING (person_key = ANY (COALESCE(NULLIF(current_setting(''dancu.subjects'', true), ''''), ''{}'')::bigint[]))', t);
        EXECUTE format('CREATE POLICY worker ON credentials.%I TO dancu_worker USING (true)', t);
        EXECUTE format('CREATE POLICY verify ON credentials.%I FOR SELECT TO dancu_verify USING (true)', t);
        EXECUTE format('GRANT SELECT ON credentials.%I TO dancu_verify', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON credentials.document TO dancu_app, dancu_worker;
GRANT SELECT, INSERT ON credentials.presentation TO dancu_app;
GRANT SELECT, DELETE ON credentials.presentation TO dancu_worker;
CREATE POLICY gate ON credentials.presentation TO dancu_gate USING (true);
GRANT SELECT, UPDATE ON credentials.presentation TO dancu_gate;
GRANT CREATE ON SCHEMA credentials TO dancu_gate;

SET LOCAL ROLE dancu_gate;
-- An officer takes what was shown: once, while it lives. `verdict`: 'ok', 'expired', 'used', 'unknown', 'no_right'. Whose it is comes
-- out for 'ok' alone.
CREATE FUNCTION credentials.take(staff bigint, session_hash bytea, org text, code_digest bytea, typed_digest bytea)
RETURNS TABLE (verdict text, person_key bigint, document_id uuid, used_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE shown record; at timestamptz := clock_timestamp();
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'document.check')).ok THEN
        RETURN QUERY SELECT 'no_right', NULL::bigint, NULL::uuid, NULL::timestamptz; RETURN;
    END IF;
    SELECT p.* INTO shown FROM credentials.presentation p
     WHERE p.digest = code_digest OR (code_digest IS NULL AND p.short_digest = typed_digest)
     ORDER BY p.expires_at DESC LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'unknown', NULL::bigint, NULL::uuid, NULL::timestamptz;
    ELSIF shown.checked_at IS NOT NULL THEN
        RETURN QUERY SELECT 'used', NULL::bigint, NULL::uuid, shown.checked_at;
    ELSIF shown.expires_at <= at THEN
        RETURN QUERY SELECT 'expired', NULL::bigint, NULL::uuid, NULL::timestamptz;
    ELSE
        UPDATE credentials.presentation p SET checked_at = at, checked_by = staff, checked_org = org
         WHERE p.person_key = shown.person_key AND p.digest = shown.digest;
        RETURN QUERY SELECT 'ok', shown.person_key::bigint, shown.document_id::uuid, at;
    END IF;
END $$;
REVOKE ALL ON FUNCTION credentials.take(bigint, bytea, text, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credentials.take(bigint, bytea, text, bytea, bytea) TO dancu_app;
RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA credentials FROM dancu_gate;
