-- Sharing: what an organisation's application may receive of citizens (agreements), what each citizen agreed to (consents).
-- Agreements are the state's papers and read by everybody who serves; consents are about persons and reached by functions
-- alone: a citizen's own by their live session, the one that covers a release by person, client and purpose.

CREATE SCHEMA sharing;
GRANT USAGE ON SCHEMA sharing TO dancu_app, dancu_worker, dancu_verify, dancu_gate;

-- One row per version; terms never change, a change is the next version. `purposes`: code -> legal basis. `consent_needed`
-- false: the legal basis carries the release by itself. Two different people stand behind one in force: who proposed
-- (for the organisation) and who agreed (for the registry), each with the evidence entry of that act. `sealed`: the
-- terms and both acts as a JWS of the platform.
CREATE TABLE sharing.agreement (
    client_no bigint NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    org_code text NOT NULL,
    client_name text NOT NULL CHECK (btrim(client_name) <> ''),
    client_name_en text NOT NULL DEFAULT '',
    org_name text NOT NULL DEFAULT '',
    claims text[] NOT NULL CHECK (cardinality(claims) > 0),
    purposes jsonb NOT NULL CHECK (jsonb_typeof(purposes) = 'object' AND purposes <> '{}'),
    consent_needed boolean NOT NULL DEFAULT true,
    level_min smallint NOT NULL DEFAULT 1 CHECK (level_min BETWEEN 1 AND 2),
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'in_force', 'refused', 'replaced', 'ended')),
    proposed_by bigint NOT NULL,
    proposed_org text NOT NULL,
    proposed_at timestamptz NOT NULL,
    proposed_entry bigint NOT NULL,
    agreed_by bigint,
    agreed_org text,
    agreed_at timestamptz,
    agreed_entry bigint,
    sealed text,
    closed_by bigint,
    closed_at timestamptz,
    closed_entry bigint,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT agreement_pkey PRIMARY KEY (client_no, version),
    CONSTRAINT agreement_two_people CHECK (agreed_by IS NULL OR agreed_by <> proposed_by OR agreed_by = 0),
    CONSTRAINT agreement_in_force_is_whole CHECK (state NOT IN ('in_force', 'replaced', 'ended')
        OR (agreed_by IS NOT NULL AND agreed_at IS NOT NULL AND agreed_entry IS NOT NULL AND sealed IS NOT NULL)),
    CONSTRAINT agreement_closed_says_when CHECK ((state IN ('refused', 'replaced', 'ended')) = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX agreement_one_in_force ON sharing.agreement (client_no) WHERE state = 'in_force';
CREATE UNIQUE INDEX agreement_one_proposed ON sharing.agreement (client_no) WHERE state = 'proposed';
CREATE INDEX agreement_org_idx ON sharing.agreement (org_code);
GRANT SELECT, INSERT ON sharing.agreement TO dancu_app;
GRANT UPDATE (state, agreed_by, agreed_org, agreed_at, agreed_entry, sealed, closed_by, closed_at, closed_entry, reason)
    ON sharing.agreement TO dancu_app;
GRANT SELECT ON sharing.agreement TO dancu_worker, dancu_verify, dancu_gate;

-- `receipt`: the signed statement of what was agreed to, as given to the citizen. Terms never change: agreeing anew ends
-- the row before ('replaced') and makes another.
CREATE TABLE sharing.consent (
    person_key bigint NOT NULL,
    consent_id uuid NOT NULL,
    client_no bigint NOT NULL,
    client_name text NOT NULL,
    org_code text NOT NULL,
    org_name text NOT NULL DEFAULT '',
    agreement_version integer,
    claims text[] NOT NULL CHECK (cardinality(claims) > 0),
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    given_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    receipt text NOT NULL,
    entry_id bigint NOT NULL,
    ended_at timestamptz,
    ended_by text CHECK (ended_by IN ('withdrawn', 'replaced')),
    ended_entry bigint,
    CONSTRAINT consent_pkey PRIMARY KEY (person_key, consent_id),
    CONSTRAINT consent_has_an_end CHECK (until > given_at),
    CONSTRAINT consent_ended_whole CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_entry IS NULL))
);
CREATE UNIQUE INDEX consent_one_standing ON sharing.consent (person_key, client_no, purpose) WHERE ended_at IS NULL;
ALTER TABLE sharing.consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE sharing.consent FORCE ROW LEVEL SECURITY;
CREATE POLICY gate ON sharing.consent TO dancu_gate USING (true);
CREATE POLICY verify ON sharing.consent FOR SELECT TO dancu_verify USING (true);
GRANT SELECT, INSERT, UPDATE ON sharing.consent TO dancu_gate;
GRANT SELECT ON sharing.consent TO dancu_verify;

GRANT CREATE ON SCHEMA sharing TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- The consent that covers a release now; no row where there is none.
CREATE FUNCTION sharing.standing(person bigint, client bigint, purpose text)
RETURNS TABLE (consent_id uuid, claims text[], given_at timestamptz, until timestamptz, receipt text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.consent_id, c.claims, c.given_at, c.until, c.receipt FROM sharing.consent c
     WHERE c.person_key = person AND c.client_no = client AND c.purpose = standing.purpose
       AND c.ended_at IS NULL AND c.until > now();
$$;

-- Keep a consent; what stood for the same client and purpose ends with it. Only the citizen's own live session may.
CREATE FUNCTION sharing.give(
    person bigint, session_hash bytea, consent uuid, client bigint, client_name text, org_code text, org_name text,
    version integer, claims text[], purpose text, legal_basis text, given_at timestamptz, until timestamptz, receipt text, entry bigint
) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT access.session_live('citizen', person, session_hash) THEN RETURN false; END IF;
    UPDATE sharing.consent c SET ended_at = given_at, ended_by = 'replaced', ended_entry = entry
     WHERE c.person_key = person AND c.client_no = client AND c.purpose = purpose AND c.ended_at IS NULL;
    INSERT INTO sharing.consent VALUES (person, consent, client, client_name, org_code, org_name, version, claims, purpose,
        legal_basis, given_at, until, receipt, entry);
    RETURN true;
END $$;

-- Take a consent back: the client it was for; NULL where the session is not the citizen's or nothing stands by that id.
CREATE FUNCTION sharing.withdraw(person bigint, session_hash bytea, consent uuid, at timestamptz, entry bigint)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE client bigint;
BEGIN
    IF NOT access.session_live('citizen', person, session_hash) THEN RETURN NULL; END IF;
    UPDATE sharing.consent c SET ended_at = greatest(at, c.given_at), ended_by = 'withdrawn', ended_entry = entry
     WHERE c.person_key = person AND c.consent_id = consent AND c.ended_at IS NULL RETURNING c.client_no INTO client;
    RETURN client;
END $$;

-- Every consent of a citizen, for that citizen: those that stand first, newest first.
CREATE FUNCTION sharing.consents_of(person bigint, session_hash bytea, how_many integer)
RETURNS SETOF sharing.consent LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.* FROM sharing.consent c
     WHERE c.person_key = person AND access.session_live('citizen', person, session_hash)
     ORDER BY (c.ended_at IS NOT NULL OR c.until <= now()), c.given_at DESC LIMIT how_many;
$$;

REVOKE ALL ON FUNCTION sharing.standing(bigint, bigint, text),
    sharing.give(bigint, bytea, uuid, bigint, text, text, text, integer, text[], text, text, timestamptz, timestamptz, text, bigint),
    sharing.withdraw(bigint, bytea, uuid, timestamptz, bigint), sharing.consents_of(bigint, bytea, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sharing.standing(bigint, bigint, text),
    sharing.give(bigint, bytea, uuid, bigint, text, text, text, integer, text[], text, text, timestamptz, timestamptz, text, bigint),
    sharing.withdraw(bigint, bytea, uuid, timestamptz, bigint), sharing.consents_of(bigint, bytea, integer) TO dancu_app;
GRANT EXECUTE ON FUNCTION sharing.standing(bigint, bigint, text) TO dancu_worker;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA sharing FROM dancu_gate;
