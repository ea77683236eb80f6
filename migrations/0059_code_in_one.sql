-- The code that ends a sign-in (see migrations/0054_sign_in_at_once.sql), with less to read and write: the passcode's hash is not fetched,
-- the ways an account has only where another is to be offered, and a right code is counted and used up in one change of its row.
CREATE OR REPLACE FUNCTION accounts.sign_in_by_code(
    watched bytea[], rooms float8[], charged bytea[], costs float8[], own bytea[], person bigint, digest bytea, most integer, settled timestamptz,
    old bytea, hash bytea, life interval, idle interval, network text, agent text, sid text, acr smallint, amr text[],
    device text, assisted boolean, note jsonb, purpose text, legal_basis text, request text
) RETURNS TABLE (
    wait float8, "right" boolean, signed boolean, person_key bigint, level smallint, state text, lock_version integer, language text,
    contact_changed_at timestamptz, phone bytea, phone_verified boolean, kinds text[]
) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM accounts.open(ARRAY[person]);
    SELECT a.person_key, a.level, a.state, a.lock_version, a.language, a.contact_changed_at, a.phone, a.phone_verified_at IS NOT NULL
      INTO person_key, level, state, lock_version, language, contact_changed_at, phone, phone_verified
      FROM accounts.account a WHERE a.person_key = person;
    wait := kit.throttle_try(watched, rooms, '{}', '{}');
    IF wait = 0 AND phone_verified AND phone IS NOT NULL AND (contact_changed_at IS NULL OR contact_changed_at <= settled) THEN
        UPDATE accounts.code c SET tries = c.tries + 1, used_at = CASE WHEN c.code_digest = digest THEN now() END
         WHERE c.person_key = person AND c.use = 'sign_in' AND c.used_at IS NULL AND c.expires_at > now() AND c.tries < most
         RETURNING c.code_digest = digest INTO "right";
    END IF;
    "right" := coalesce("right", false);
    signed := "right" AND state = 'active';
    kinds := '{}';
    IF signed THEN
        PERFORM accounts.signed_in(own, '{}', '{}', old, person, hash, life, idle, network, agent, sid, acr, amr,
            lock_version, device, assisted, note, purpose, legal_basis, request);
    ELSE
        kinds := ARRAY(SELECT DISTINCT w.kind FROM accounts.authenticator w WHERE w.person_key = person AND w.revoked_at IS NULL);
        IF wait = 0 THEN PERFORM kit.throttle_try('{}', '{}', charged, costs); END IF;
    END IF;
    RETURN NEXT;
END $$;
