-- Two steps of a sign-in that were several statements: who is it and may they try, and the code in a message that ends it.

-- The account that a passcode is typed for (see accounts.to_sign_in), and whether a try of it must wait, else it is charged (see
-- kit.throttle_try). What its own buckets are called depends on the account: bucket n is the digest of head n, who it is, and
-- tail n; who it is, without an account, is `nobody`. Those are charged; they and the `others` are watched, `rooms` of all in this
-- order. One row, without an account too.
CREATE FUNCTION accounts.try_passcode(
    numbers text[], person bigint, nobody text, heads text[], tails text[], costs float8[], others bytea[], rooms float8[]
) RETURNS TABLE (
    wait float8, person_key bigint, level smallint, state text, lock_version integer, language text, contact_changed_at timestamptz,
    phone bytea, phone_verified boolean, kinds text[], passcode bytea
) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE buckets bytea[];
BEGIN
    SELECT a.* INTO person_key, level, state, lock_version, language, contact_changed_at, phone, phone_verified, kinds, passcode
      FROM accounts.to_sign_in(numbers, person) a;
    buckets := ARRAY(SELECT sha256(convert_to(b.head || coalesce(person_key::text, nobody) || b.tail, 'UTF8'))
                       FROM unnest(heads, tails) WITH ORDINALITY AS b(head, tail, n) ORDER BY b.n);
    wait := kit.throttle_try(buckets || others, rooms, buckets, costs);
    RETURN NEXT;
END $$;

-- The code of a message is typed, and if it is right nothing more is needed: see accounts.try_code and accounts.signed_in, of which
-- this is both. `signed` only where the account is in use, its phone is known to be its holder's and was not changed since
-- `settled`; else a right code is used up, and what it is worth is the caller's to say. A try that ends signed in is not
-- charged, which is what charging it and giving it back would come to. The first column is the seconds to wait, 0.0 where it
-- was tried.
CREATE FUNCTION accounts.sign_in_by_code(
    watched bytea[], rooms float8[], charged bytea[], costs float8[], own bytea[], person bigint, digest bytea, most integer, settled timestamptz,
    old bytea, hash bytea, life interval, idle interval, network text, agent text, sid text, acr smallint, amr text[],
    device text, assisted boolean, note jsonb, purpose text, legal_basis text, request text
) RETURNS TABLE (
    wait float8, "right" boolean, signed boolean, person_key bigint, level smallint, state text, lock_version integer, language text,
    contact_changed_at timestamptz, phone bytea, phone_verified boolean, kinds text[]
) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE live bytea; one record;
BEGIN
    signed := false;
    "right" := false;
    SELECT a.* INTO one FROM accounts.to_sign_in(NULL, person) a;
    person_key := one.person_key; level := one.level; state := one.state; lock_version := one.lock_version; language := one.language;
    contact_changed_at := one.contact_changed_at; phone := one.phone; phone_verified := one.phone_verified; kinds := one.kinds;
    wait := kit.throttle_try(watched, rooms, '{}', '{}');
    IF wait = 0 THEN
        IF one.phone_verified AND one.phone IS NOT NULL AND (one.contact_changed_at IS NULL OR one.contact_changed_at <= settled) THEN
            UPDATE accounts.code c SET tries = c.tries + 1 WHERE c.person_key = person AND c.use = 'sign_in'
               AND c.used_at IS NULL AND c.expires_at > now() AND c.tries < most RETURNING c.code_digest INTO live;
            "right" := live IS NOT DISTINCT FROM digest;
        END IF;
        IF "right" THEN
            UPDATE accounts.code c SET used_at = now() WHERE c.person_key = person AND c.use = 'sign_in' AND c.used_at IS NULL;
            signed := one.state = 'active';
        END IF;
        IF signed THEN
            PERFORM accounts.signed_in(own, '{}', '{}', old, person, hash, life, idle, network, agent, sid, acr, amr,
                one.lock_version, device, assisted, note, purpose, legal_basis, request);
        ELSE
            PERFORM kit.throttle_try('{}', '{}', charged, costs);
        END IF;
    END IF;
    RETURN NEXT;
END $$;

REVOKE ALL ON FUNCTION accounts.try_passcode(text[], bigint, text, text[], text[], float8[], bytea[], float8[]),
    accounts.sign_in_by_code(bytea[], float8[], bytea[], float8[], bytea[], bigint, bytea, integer, timestamptz, bytea, bytea, interval,
        interval, text, text, text, smallint, text[], text, boolean, jsonb, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.try_passcode(text[], bigint, text, text[], text[], float8[], bytea[], float8[]),
    accounts.sign_in_by_code(bytea[], float8[], bytea[], float8[], bytea[], bigint, bytea, integer, timestamptz, bytea, bytea, interval,
        interval, text, text, text, smallint, text[], text, boolean, jsonb, text, text, text) TO dancu_app;
