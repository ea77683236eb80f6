-- The steps of a sign-in and of a release, one statement each. Functions of the caller's own rights (they see what `accounts.open`
-- opens, as always); they exist because a round trip costs more than the work.

-- kit.authn.throttle: seconds to wait for the longest of the `watched` buckets (`rooms`: seconds of free tries); where that is
-- 0.0 the `charged` ones are charged. Whoever tries at the same moment waits at the rows of the charge.
CREATE FUNCTION kit.throttle_try(watched bytea[], rooms float8[], charged bytea[], costs float8[]) RETURNS float8
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE wait float8;
BEGIN
    SELECT coalesce(max(extract(epoch FROM t.tat - clock_timestamp()) - b.room), 0) INTO wait
      FROM unnest(watched, rooms) AS b(key, room) JOIN kit.throttle t ON t.key = b.key;
    IF wait > 0 THEN RETURN wait; END IF;
    INSERT INTO kit.throttle AS t (key, tat)
    SELECT b.key, now() + make_interval(secs => b.cost) FROM unnest(charged, costs) AS b(key, cost) ORDER BY b.key
    ON CONFLICT (key) DO UPDATE SET tat = greatest(t.tat, now()) + (excluded.tat - now());
    RETURN 0;
END $$;

-- A try was a success: the `forgiven` buckets are empty again, the `refunded` ones get this try back.
CREATE FUNCTION kit.throttle_settle(forgiven bytea[], refunded bytea[], costs float8[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM kit.throttle t WHERE t.key = ANY (forgiven);
    IF cardinality(refunded) > 0 THEN
        UPDATE kit.throttle t SET tat = t.tat - make_interval(secs => b.cost)
          FROM unnest(refunded, costs) AS b(key, cost) WHERE t.key = b.key;
    END IF;
END $$;

-- What a step of a sign-in must know of one account: its row, how it is reached, the ways it has, the hash of its passcode.
-- `numbers` NULL: of `person`; else of whoever the numbers name and has an account, one in use before others. No row: nobody.
CREATE FUNCTION accounts.to_sign_in(numbers text[], person bigint) RETURNS TABLE (
    person_key bigint, level smallint, state text, lock_version integer, language text, contact_changed_at timestamptz,
    phone bytea, phone_verified boolean, kinds text[], passcode bytea
) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE keys bigint[] := ARRAY[person];
BEGIN
    IF numbers IS NOT NULL THEN
        keys := ARRAY(SELECT k.person_key FROM population.keys_of(numbers) k) || 0::bigint;
    END IF;
    PERFORM accounts.open(keys);
    RETURN QUERY
        SELECT a.person_key, a.level, a.state, a.lock_version, a.language, a.contact_changed_at, a.phone,
               a.phone_verified_at IS NOT NULL,
               ARRAY(SELECT DISTINCT w.kind FROM accounts.authenticator w
                      WHERE w.person_key = a.person_key AND w.revoked_at IS NULL),
               (SELECT s.secret FROM accounts.secret_of(a.person_key, 'passcode') s LIMIT 1)
          FROM accounts.account a WHERE a.person_key = ANY (keys) ORDER BY a.state = 'active' DESC LIMIT 1;
END $$;

-- A second factor is tried. Where nothing makes it wait: the charge, and for a code that was sent (`use`, `digest` NULL for other
-- ways) one try of it, used up where it is right. The digest is keyed, so comparing it here tells a guesser nothing.
CREATE FUNCTION accounts.try_code(
    watched bytea[], rooms float8[], charged bytea[], costs float8[], person bigint, use text, digest bytea, most integer
) RETURNS TABLE (wait float8, "right" boolean) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE live bytea;
BEGIN
    wait := kit.throttle_try(watched, rooms, charged, costs);
    "right" := false;
    IF wait = 0 AND digest IS NOT NULL THEN
        PERFORM accounts.open(ARRAY[person]);
        UPDATE accounts.code c SET tries = c.tries + 1 WHERE c.person_key = person AND c.use = try_code.use
           AND c.used_at IS NULL AND c.expires_at > now() AND c.tries < most RETURNING c.code_digest INTO live;
        "right" := live IS NOT DISTINCT FROM digest;
        IF "right" THEN
            UPDATE accounts.code c SET used_at = now() WHERE c.person_key = person AND c.use = try_code.use AND c.used_at IS NULL;
        END IF;
    END IF;
    RETURN NEXT;
END $$;

-- A factor was right (`forgiven`, `refunded`, see above) and a code is to be sent: seconds to wait where too many were, else 0
-- and the code is kept in place of the one before, and its message on its way.
CREATE FUNCTION accounts.send_code(
    forgiven bytea[], refunded bytea[], refunds float8[], watched bytea[], rooms float8[], costs float8[], person bigint,
    use text, digest bytea, life interval, context text, channel text, kind text, language text, address bytea,
    address_index bytea, body bytea
) RETURNS float8 LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE wait float8;
BEGIN
    PERFORM kit.throttle_settle(forgiven, refunded, refunds);
    wait := kit.throttle_try(watched, rooms, watched, costs);
    IF wait > 0 THEN RETURN wait; END IF;
    PERFORM accounts.open(ARRAY[person]);
    INSERT INTO accounts.code AS c (person_key, use, code_digest, expires_at, context)
    VALUES (person, send_code.use, digest, now() + life, send_code.context)
    ON CONFLICT ON CONSTRAINT code_pkey DO UPDATE SET code_digest = excluded.code_digest, sent_at = now(),
        expires_at = excluded.expires_at, tries = 0, context = excluded.context, used_at = NULL;
    PERFORM kit.send_message(channel, kind, person, '', language, address, address_index, body, life);
    RETURN 0;
END $$;

-- A sign-in is done: the session the browser held ends (`old` NULL: it held none), the new one begins with what it proved, the
-- history has its line, the account was used (to the hour), the failures are forgiven, and the evidence log knows.
CREATE FUNCTION accounts.signed_in(
    forgiven bytea[], refunded bytea[], refunds float8[], old bytea, person bigint, hash bytea, life interval, idle interval,
    network text, agent text, sid text, acr smallint, amr text[], version integer, device text, assisted boolean, note jsonb,
    purpose text, legal_basis text, request text
) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM kit.throttle_settle(forgiven, refunded, refunds);
    PERFORM accounts.open(ARRAY[person]);
    IF old IS NOT NULL THEN
        PERFORM access.revoke_session(s.token_hash, s.actor_kind, s.actor_id) FROM access.session s WHERE s.token_hash = old;
        UPDATE accounts.sign_in g SET ended_at = now()
         WHERE g.person_key = person AND g.session_hash = old AND g.ended_at IS NULL;
    END IF;
    INSERT INTO access.session (token_hash, actor_kind, actor_id, org_code, stage, channel, persona, idle, expires_at, network, agent)
    VALUES (hash, 'citizen', person, '', 'full', 'web', NULL, signed_in.idle, now() + life, signed_in.network, signed_in.agent);
    INSERT INTO accounts.sign_in (person_key, session_hash, sid, acr, amr, lock_version, device, network, assisted)
    VALUES (person, hash, signed_in.sid, signed_in.acr, signed_in.amr, version, signed_in.device, signed_in.network,
            signed_in.assisted);
    INSERT INTO accounts.happening (person_key, kind, note) VALUES (person, 'signed_in', signed_in.note);
    UPDATE accounts.account SET used_at = coalesce(used_at, now()), last_used_at = now()
     WHERE person_key = person AND (last_used_at IS NULL OR last_used_at < now() - interval '1 hour');
    PERFORM audit.record(ARRAY[ROW('sign_in', 'citizen', person, '', signed_in.purpose, signed_in.legal_basis, NULL, person,
        '{sign_in}'::text[], request, 'web', NULL,
        jsonb_build_object('verb', 'account.sign_in', 'acr', signed_in.acr, 'amr', to_jsonb(signed_in.amr)))::audit.entry_in]);
END $$;

REVOKE ALL ON FUNCTION kit.throttle_try(bytea[], float8[], bytea[], float8[]), kit.throttle_settle(bytea[], bytea[], float8[]),
    accounts.to_sign_in(text[], bigint), accounts.try_code(bytea[], float8[], bytea[], float8[], bigint, text, bytea, integer),
    accounts.send_code(bytea[], bytea[], float8[], bytea[], float8[], float8[], bigint, text, bytea, interval, text, text, text,
        text, bytea, bytea, bytea),
    accounts.signed_in(bytea[], bytea[], float8[], bytea, bigint, bytea, interval, interval, text, text, text, smallint, text[],
        integer, text, boolean, jsonb, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.throttle_try(bytea[], float8[], bytea[], float8[]), kit.throttle_settle(bytea[], bytea[], float8[]),
    accounts.to_sign_in(text[], bigint), accounts.try_code(bytea[], float8[], bytea[], float8[], bigint, text, bytea, integer),
    accounts.send_code(bytea[], bytea[], float8[], bytea[], float8[], float8[], bigint, text, bytea, interval, text, text, text,
        text, bytea, bytea, bytea),
    accounts.signed_in(bytea[], bytea[], float8[], bytea, bigint, bytea, interval, interval, text, text, text, smallint, text[],
        integer, text, boolean, jsonb, text, text, text) TO dancu_app;
