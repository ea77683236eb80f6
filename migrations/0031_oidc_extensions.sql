-- The provider's extensions: who must be told that a sign-in ended, devices and programs that ask on a citizen's behalf, keys
-- that clients publish themselves, and approval of clients.

-- A client to be told that a session ended (OpenID Connect Back-Channel Logout). One row per session and client, whoever
-- ended it. `issuer`: our address as the citizen's browser knew it, '' where no request was at hand.
CREATE TABLE oidc.logout_notice (
    person_key bigint NOT NULL,
    client_no bigint NOT NULL,
    sid text NOT NULL,
    issuer text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    error text NOT NULL DEFAULT '',
    CONSTRAINT logout_notice_pkey PRIMARY KEY (person_key, client_no, sid)
);
CREATE INDEX logout_notice_due_idx ON oidc.logout_notice (due_at) WHERE done_at IS NULL;
CREATE INDEX session_revoked_idx ON access.session (revoked_at) WHERE revoked_at IS NOT NULL;

-- A device without a browser waits for a citizen to sign in elsewhere (RFC 8628). The device's code and the code people
-- type are kept as digests; `answer` is the citizen's sign-in once given, sealed by the application.
CREATE TABLE oidc.device_grant (
    device_digest bytea NOT NULL CHECK (octet_length(device_digest) = 32),
    user_digest bytea NOT NULL CHECK (octet_length(user_digest) = 32),
    client_no bigint NOT NULL,
    request text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'denied', 'used')),
    answer text NOT NULL DEFAULT '',
    polled_at timestamptz,
    pause integer NOT NULL DEFAULT 5,
    expires_at timestamptz NOT NULL,
    CONSTRAINT device_grant_pkey PRIMARY KEY (device_digest),
    CONSTRAINT device_grant_user_key UNIQUE (user_digest)
);
CREATE INDEX device_grant_expired_idx ON oidc.device_grant (expires_at);

-- A request made by a client away from the citizen's browser (CIBA), beside the approval the citizen is asked for.
CREATE TABLE oidc.backchannel_request (
    request_digest bytea NOT NULL CHECK (octet_length(request_digest) = 32),
    approval_id uuid NOT NULL,
    client_no bigint NOT NULL,
    request text NOT NULL,
    ping text NOT NULL DEFAULT '',
    pinged_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    used boolean NOT NULL DEFAULT false,
    polled_at timestamptz,
    pause integer NOT NULL DEFAULT 5,
    expires_at timestamptz NOT NULL,
    CONSTRAINT backchannel_request_pkey PRIMARY KEY (request_digest)
);
CREATE INDEX backchannel_request_expired_idx ON oidc.backchannel_request (expires_at);

-- Keys a client publishes at an address of its own, when they were read last; where a CIBA client wants to be pinged;
-- who asked and who approved that it goes live.
ALTER TABLE oidc.client ADD COLUMN jwks_uri text NOT NULL DEFAULT '';
ALTER TABLE oidc.client ADD COLUMN jwks_read_at timestamptz;
ALTER TABLE oidc.client ADD COLUMN ciba_notification_uri text NOT NULL DEFAULT '';
ALTER TABLE oidc.client ADD COLUMN live_asked_by bigint;
ALTER TABLE oidc.client ADD COLUMN live_asked_at timestamptz;
ALTER TABLE oidc.client ADD COLUMN approved_by bigint;
ALTER TABLE oidc.client ADD COLUMN approved_at timestamptz;
ALTER TABLE oidc.client ADD CONSTRAINT client_is_approved_by_another
    CHECK (approved_by IS NULL OR approved_by IS DISTINCT FROM live_asked_by);

ALTER TABLE oidc.logout_notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE oidc.logout_notice FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON oidc.logout_notice TO dancu_worker USING (true);
CREATE POLICY gate ON oidc.logout_notice TO dancu_gate USING (true);
GRANT SELECT, UPDATE, DELETE ON oidc.logout_notice TO dancu_worker;
GRANT SELECT, INSERT ON oidc.logout_notice TO dancu_gate;
GRANT SELECT, INSERT, UPDATE ON oidc.device_grant, oidc.backchannel_request TO dancu_app;
GRANT SELECT, UPDATE, DELETE ON oidc.device_grant, oidc.backchannel_request TO dancu_worker;
GRANT SELECT ON oidc.client TO dancu_gate;
-- What was issued changes by the functions alone.
REVOKE UPDATE ON oidc.family FROM dancu_app;
GRANT UPDATE (jwks, jwks_read_at) ON oidc.client TO dancu_worker;
GRANT USAGE ON SCHEMA access TO dancu_gate;
GRANT SELECT (token_hash, actor_kind, actor_id, revoked_at) ON access.session TO dancu_gate;
CREATE POLICY ended_sessions ON access.session FOR SELECT TO dancu_gate USING (actor_kind = 'citizen');

SET LOCAL ROLE dancu_gate;

-- A citizen's session is over: what was issued to live as long as it ends, and every client that wants to hear of it is put
-- on the list. Returns how many were. Families with offline_access go on (Back-Channel Logout §2.7).
CREATE FUNCTION oidc.end_session(person bigint, session text, issuer text) RETURNS integer LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE told integer;
BEGIN
    INSERT INTO oidc.logout_notice (person_key, client_no, sid, issuer)
    SELECT DISTINCT g.person_key, g.client_no, g.sid, end_session.issuer
      FROM oidc.family g JOIN oidc.client c ON c.client_no = g.client_no
     WHERE g.person_key = person AND g.sid = session AND session <> '' AND c.backchannel_logout_uri <> '' AND c.state <> 'suspended'
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS told = ROW_COUNT;
    UPDATE oidc.family g SET ended_at = now(), ended_by = 'signed_out'
     WHERE g.person_key = person AND g.sid = session AND session <> '' AND NOT g.offline AND g.ended_at IS NULL;
    RETURN told;
END $$;

-- The same for sessions that ended elsewhere within `since`: the site's own sign-out, another device, a change of hands. A
-- sign-in that was renewed keeps its `sid`, so only those of which no session is left count.
CREATE FUNCTION oidc.end_revoked_sessions(since interval) RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE over record; told integer := 0;
BEGIN
    FOR over IN
        SELECT DISTINCT s.person_key, s.sid
          FROM access.session a JOIN accounts.sign_in s ON s.person_key = a.actor_id AND s.session_hash = a.token_hash
         WHERE a.revoked_at > now() - since AND a.actor_kind = 'citizen'
           AND NOT EXISTS (SELECT 1 FROM accounts.sign_in t JOIN access.session b ON b.token_hash = t.session_hash
                            WHERE t.person_key = s.person_key AND t.sid = s.sid AND t.ended_at IS NULL AND b.revoked_at IS NULL)
           AND EXISTS (SELECT 1 FROM oidc.family g JOIN oidc.client c ON c.client_no = g.client_no
                        WHERE g.person_key = s.person_key AND g.sid = s.sid AND c.backchannel_logout_uri <> ''
                          AND NOT EXISTS (SELECT 1 FROM oidc.logout_notice n WHERE n.person_key = g.person_key
                                             AND n.client_no = g.client_no AND n.sid = g.sid))
    LOOP
        told := told + oidc.end_session(over.person_key, over.sid, '');
    END LOOP;
    RETURN told;
END $$;

-- An account moved on (a lock, a recovery): every service where it is signed in hears of it.
CREATE FUNCTION oidc.end_sessions_of(person bigint) RETURNS integer LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(oidc.end_session(person, g.sid, '')), 0)::integer
      FROM (SELECT DISTINCT sid FROM oidc.family WHERE person_key = person AND sid <> ''
               AND lock_version IS DISTINCT FROM accounts.standing(person)) g;
$$;

REVOKE ALL ON FUNCTION oidc.end_session(bigint, text, text), oidc.end_revoked_sessions(interval), oidc.end_sessions_of(bigint)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION oidc.end_session(bigint, text, text) TO dancu_app, dancu_worker;
GRANT EXECUTE ON FUNCTION oidc.end_revoked_sessions(interval), oidc.end_sessions_of(bigint) TO dancu_worker;
