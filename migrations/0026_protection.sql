-- Locks and getting back in: what may change of a lock, requests that wait for their second officer, recoveries by a link
-- that only the citizen completes, checks of identity by telephone. Officers' lists come from functions that check their
-- right and record who was listed.

-- A record absorbed by another one takes its account out of use as a death does.
ALTER TABLE accounts.lock DROP CONSTRAINT lock_ground_check;
ALTER TABLE accounts.lock ADD CONSTRAINT lock_ground_check CHECK (ground IN
    ('own_request', 'police_request', 'death', 'card_revoked', 'record_merged', 'breach', 'suspicion'));
-- A police request is nobody's standing lock before somebody else has decided it, and a refusal says why.
ALTER TABLE accounts.lock ADD CONSTRAINT lock_police_request_is_decided CHECK
    (ground <> 'police_request' OR state = 'requested' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL));
ALTER TABLE accounts.lock ADD CONSTRAINT lock_refusal_has_a_reason CHECK (state <> 'refused' OR length(btrim(decision)) >= 10);
ALTER TABLE accounts.lock ADD CONSTRAINT lock_lifted_when CHECK ((state = 'lifted') = (lifted_at IS NOT NULL));
-- One of a ground at a time: news that comes twice makes one lock.
CREATE UNIQUE INDEX lock_one_of_a_ground ON accounts.lock (person_key, ground) WHERE state IN ('requested', 'standing');
CREATE INDEX lock_waiting_idx ON accounts.lock (due_on) WHERE state = 'requested';
REVOKE UPDATE ON accounts.lock FROM dancu_app;
GRANT UPDATE (state, decided_by, decided_at, decision, lifted_by, lifted_at) ON accounts.lock TO dancu_app;

-- Somebody proved who they are, at a counter or by telephone, and may choose a new passcode through a link of which only
-- the digest is kept. `needs`: what completes it besides the link, so that no officer can do it alone: a code sent to the
-- account's phone, or a second officer.
CREATE TABLE accounts.recovery (
    person_key bigint NOT NULL,
    recovery_id bigint GENERATED ALWAYS AS IDENTITY,
    way text NOT NULL CHECK (way IN ('counter', 'hotline')),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'cancelled')),
    identity text[] NOT NULL CHECK (cardinality(identity) > 0),
    needs text NOT NULL CHECK (needs IN ('code', 'second')),
    link_digest bytea NOT NULL CHECK (length(link_digest) = 32),
    started_by bigint NOT NULL,
    started_org text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    second_by bigint,
    second_at timestamptz,
    code_ok_at timestamptz,
    done_at timestamptz,
    CONSTRAINT recovery_pkey PRIMARY KEY (person_key, recovery_id),
    CONSTRAINT recovery_two_officers CHECK (second_by IS NULL OR second_by <> started_by),
    CONSTRAINT recovery_short CHECK (expires_at <= started_at + interval '1 hour'),
    CONSTRAINT recovery_completed CHECK (state <> 'done' OR (done_at IS NOT NULL AND
        CASE needs WHEN 'code' THEN code_ok_at IS NOT NULL ELSE second_by IS NOT NULL END))
);
CREATE UNIQUE INDEX recovery_one_open ON accounts.recovery (person_key) WHERE state = 'open';
CREATE INDEX recovery_link_idx ON accounts.recovery (link_digest);

-- Another phone or e-mail (`value` encrypted). At a desk a second officer applies it; by the holder it is applied at once
-- (`asked_by` null). The old contact is told and may object for a while through a link.
CREATE TABLE accounts.contact_change (
    person_key bigint NOT NULL,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('phone', 'email')),
    value bytea NOT NULL,
    identity text[] NOT NULL DEFAULT '{}',
    state text NOT NULL CHECK (state IN ('requested', 'applied', 'refused', 'objected')),
    asked_by bigint,
    asked_org text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    decided_by bigint,
    decided_at timestamptz,
    reason text NOT NULL DEFAULT '',
    objection_digest bytea CHECK (length(objection_digest) = 32),
    objected_at timestamptz,
    CONSTRAINT contact_change_pkey PRIMARY KEY (person_key, change_id),
    CONSTRAINT contact_change_two_officers CHECK (asked_by IS NULL OR decided_by IS NULL OR decided_by <> asked_by),
    CONSTRAINT contact_change_applied_by_two CHECK (state <> 'applied' OR asked_by IS NULL OR decided_by IS NOT NULL)
);
CREATE UNIQUE INDEX contact_change_one_waiting ON accounts.contact_change (person_key, kind) WHERE state = 'requested';
CREATE INDEX contact_change_objection_idx ON accounts.contact_change (objection_digest) WHERE objection_digest IS NOT NULL;
CREATE INDEX contact_change_waiting_idx ON accounts.contact_change (asked_at) WHERE state = 'requested';

-- An identity check by telephone: which questions were put and whether the answers were enough. Never the answers.
CREATE TABLE accounts.hotline_call (
    person_key bigint NOT NULL,
    call_id bigint GENERATED ALWAYS AS IDENTITY,
    agent bigint NOT NULL,
    org_code text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now(),
    asked text[] NOT NULL,
    enough boolean NOT NULL,
    CONSTRAINT hotline_call_pkey PRIMARY KEY (person_key, call_id)
);
CREATE INDEX hotline_call_recent_idx ON accounts.hotline_call (person_key, at DESC);

DO $$
DECLARE t name;
BEGIN
    FOREACH t IN ARRAY ARRAY['recovery', 'contact_change', 'hotline_call'] LOOP
        EXECUTE format('ALTER TABLE accounts.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE accounts.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY app ON accounts.%I TO dancu_app USING (person_key = ANY (accounts.opened()))', t);
        EXECUTE format('CREATE POLICY worker ON accounts.%I TO dancu_worker USING (true)', t);
        EXECUTE format('CREATE POLICY gate ON accounts.%I TO dancu_gate USING (true)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON accounts.recovery, accounts.contact_change, accounts.hotline_call TO dancu_app;
GRANT SELECT ON accounts.recovery, accounts.contact_change, accounts.hotline_call TO dancu_worker, dancu_gate;
GRANT UPDATE (state, second_by, second_at, code_ok_at, done_at) ON accounts.recovery TO dancu_app;
GRANT UPDATE (state, decided_by, decided_at, reason, objection_digest, objected_at) ON accounts.contact_change TO dancu_app;

-- A death ends the sessions too, and it is the worker that hears of it.
GRANT EXECUTE ON FUNCTION access.revoke_sessions(text, bigint, bytea) TO dancu_worker;

SET LOCAL ROLE dancu_gate;

-- Requests for a lock that wait, of the officer's organisation and those right below it, due first on top; one entry per
-- person listed.
CREATE FUNCTION accounts.locks_waiting(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, how_many integer
) RETURNS TABLE (person_key bigint, lock_id bigint, asked_by bigint, asked_org text, asked_at timestamptz, due_on date)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    keys bigint[];
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'eid.lock');
    IF actor_kind <> 'staff' OR NOT held.ok OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'eid.lock') THEN
        RAISE EXCEPTION 'no right to decide on locks' USING ERRCODE = 'DA003';
    END IF;
    SELECT array_agg(w.lock_id) INTO keys FROM (
        SELECT l.lock_id FROM accounts.lock l
         WHERE l.state = 'requested' AND (l.asked_org = org_code
               OR EXISTS (SELECT FROM access.organisation o WHERE o.org_code = l.asked_org AND o.parent = org_code))
         ORDER BY l.due_on, l.lock_id LIMIT least(how_many, 200)) AS w;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, l.person_key, ARRAY['account'],
                   request_id, channel, NULL, NULL)::audit.entry_in
        FROM accounts.lock l WHERE l.lock_id = ANY (keys) GROUP BY l.person_key));
    RETURN QUERY SELECT l.person_key, l.lock_id, l.asked_by, l.asked_org, l.asked_at, l.due_on
        FROM accounts.lock l WHERE l.lock_id = ANY (keys) ORDER BY l.due_on, l.lock_id;
END $$;

-- What waits for a second officer of the same organisation or the one right above: contact changes, recoveries.
CREATE FUNCTION accounts.second_waiting(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, how_many integer
) RETURNS TABLE (person_key bigint, kind text, item_id bigint, asked_by bigint, asked_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE held record;
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'eid.recover');
    IF actor_kind <> 'staff' OR NOT held.ok OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'eid.recover') THEN
        RAISE EXCEPTION 'no right to care for accounts' USING ERRCODE = 'DA003';
    END IF;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, w.person, ARRAY['account'],
                   request_id, channel, NULL, NULL)::audit.entry_in
        FROM accounts.waiting_for_second(org_code, how_many) AS w GROUP BY w.person));
    RETURN QUERY SELECT * FROM accounts.waiting_for_second(org_code, how_many);
END $$;

CREATE FUNCTION accounts.waiting_for_second(org text, how_many integer)
RETURNS TABLE (person bigint, what text, item bigint, who bigint, since timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH mine AS (SELECT org AS code UNION SELECT o.org_code FROM access.organisation o WHERE o.parent = org)
    SELECT c.person_key, 'contact', c.change_id, c.asked_by, c.asked_at FROM accounts.contact_change c
     WHERE c.state = 'requested' AND c.asked_org IN (SELECT code FROM mine) AND c.expires_at > now()
    UNION ALL
    SELECT r.person_key, 'recovery', r.recovery_id, r.started_by, r.started_at FROM accounts.recovery r
     WHERE r.state = 'open' AND r.needs = 'second' AND r.second_by IS NULL AND r.started_org IN (SELECT code FROM mine) AND r.expires_at > now()
     ORDER BY 5 LIMIT least(how_many, 200);
$$;

-- Who holds the link may see what it stands for: the account is opened to the rest of the transaction.
CREATE FUNCTION accounts.recovery_by_link(digest bytea) RETURNS TABLE (person_key bigint, recovery_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found record;
BEGIN
    SELECT r.person_key, r.recovery_id INTO found FROM accounts.recovery r
     WHERE r.link_digest = digest AND r.state = 'open' AND r.expires_at > now();
    IF found.person_key IS NOT NULL THEN
        PERFORM accounts.open(ARRAY[found.person_key]);
        RETURN QUERY SELECT found.person_key, found.recovery_id;
    END IF;
END $$;
CREATE FUNCTION accounts.change_by_objection(digest bytea) RETURNS TABLE (person_key bigint, change_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found record;
BEGIN
    SELECT c.person_key, c.change_id INTO found FROM accounts.contact_change c
     WHERE c.objection_digest = digest AND c.state IN ('requested', 'applied') AND c.asked_at > now() - interval '7 days';
    IF found.person_key IS NOT NULL THEN
        PERFORM accounts.open(ARRAY[found.person_key]);
        RETURN QUERY SELECT found.person_key, found.change_id;
    END IF;
END $$;

REVOKE ALL ON FUNCTION accounts.locks_waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.second_waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.waiting_for_second(text, integer), accounts.recovery_by_link(bytea), accounts.change_by_objection(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.locks_waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.second_waiting(text, bigint, text, bytea, text, text, text, text, integer),
    accounts.recovery_by_link(bytea), accounts.change_by_objection(bytea) TO dancu_app;
