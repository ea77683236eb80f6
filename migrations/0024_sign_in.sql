-- Signing in and approving: what a session proved is read in one step, approvals asked of a citizen, and column by column
-- what may change of authenticators and sign-ins (who, when and how stays as it was written).

REVOKE UPDATE ON accounts.authenticator, accounts.sign_in, accounts.happening, accounts.code FROM dancu_app;
GRANT UPDATE (label, public, last_used_at, revoked_at) ON accounts.authenticator TO dancu_app;
GRANT UPDATE (ended_at) ON accounts.sign_in TO dancu_app;
GRANT UPDATE (disowned_at) ON accounts.happening TO dancu_app;
GRANT UPDATE (code_digest, sent_at, expires_at, tries, context, used_at) ON accounts.code TO dancu_app;
CREATE INDEX happening_recent_idx ON accounts.happening (person_key, at DESC);

-- A client asks, the citizen answers on the phone or at the page. `text` is the binding message the citizen compares with
-- what the asker shows. `approval_id` is drawn at random: knowing it is what lets the asking room look.
CREATE TABLE accounts.approval (
    person_key bigint NOT NULL,
    approval_id uuid NOT NULL DEFAULT gen_random_uuid(),
    client_no bigint NOT NULL,
    client_name text NOT NULL,
    org_name text NOT NULL DEFAULT '',
    kind text NOT NULL,
    text text NOT NULL DEFAULT '',
    purpose text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'denied')),
    asked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    acr smallint,
    amr text[] NOT NULL DEFAULT '{}',
    sid text NOT NULL DEFAULT '',
    auth_time timestamptz,
    lock_version integer,
    CONSTRAINT approval_pkey PRIMARY KEY (person_key, approval_id),
    CONSTRAINT approval_decided CHECK ((state = 'pending') = (decided_at IS NULL)),
    CONSTRAINT approval_in_time CHECK (decided_at IS NULL OR decided_at <= expires_at)
);
CREATE INDEX approval_id_idx ON accounts.approval (approval_id);
ALTER TABLE accounts.approval ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts.approval FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON accounts.approval TO dancu_app USING (person_key = ANY (accounts.opened()));
CREATE POLICY worker ON accounts.approval TO dancu_worker USING (true);
CREATE POLICY gate ON accounts.approval TO dancu_gate USING (true);
GRANT SELECT, INSERT ON accounts.approval TO dancu_app, dancu_worker;
GRANT UPDATE (state, decided_at, acr, amr, sid, auth_time, lock_version) ON accounts.approval TO dancu_app;
GRANT SELECT ON accounts.approval TO dancu_gate;

SET LOCAL ROLE dancu_gate;

-- What the session proved, where the account is in use and has not moved on since; opens the account.
CREATE FUNCTION accounts.current_sign_in(person bigint, hash bytea) RETURNS TABLE (sid text, level smallint, acr smallint,
    amr text[], at timestamptz, lock_version integer, assisted boolean) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM accounts.open(ARRAY[person]);
    RETURN QUERY SELECT s.sid, a.level, s.acr, s.amr, s.at, s.lock_version, s.assisted
      FROM accounts.sign_in s JOIN accounts.account a ON a.person_key = s.person_key
     WHERE s.person_key = person AND s.session_hash = hash AND s.ended_at IS NULL AND a.state = 'active'
       AND a.lock_version = s.lock_version;
END $$;

-- An approval by its id, for the room that asked. 'expired' is a matter of the clock.
CREATE FUNCTION accounts.approval_state(id uuid) RETURNS TABLE (person_key bigint, client_no bigint, state text, purpose text,
    acr smallint, amr text[], sid text, auth_time timestamptz, lock_version integer, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.person_key, p.client_no, CASE WHEN p.state = 'pending' AND p.expires_at < now() THEN 'expired' ELSE p.state END,
           p.purpose, p.acr, p.amr, p.sid, p.auth_time, p.lock_version, p.expires_at
      FROM accounts.approval p WHERE p.approval_id = id;
$$;

REVOKE ALL ON FUNCTION accounts.current_sign_in(bigint, bytea), accounts.approval_state(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.current_sign_in(bigint, bytea), accounts.approval_state(uuid) TO dancu_app, dancu_worker;
