-- A service may have an English name (RFC 7591 §2.2, client_name#en): what a citizen agreed to, and what waits for their answer,
-- is kept with it and read in the reader's language.

ALTER TABLE sharing.consent ADD COLUMN client_name_en text NOT NULL DEFAULT '';
ALTER TABLE accounts.approval ADD COLUMN client_name_en text NOT NULL DEFAULT '';

SET LOCAL ROLE dancu_owner;
GRANT CREATE ON SCHEMA sharing TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- As sharing.give with ends of single groups, with the English name.
CREATE FUNCTION sharing.give(
    person bigint, session_hash bytea, consent uuid, client bigint, client_name text, org_code text, org_name text,
    version integer, claims text[], purpose text, legal_basis text, given_at timestamptz, until timestamptz, receipt text, entry bigint,
    ends jsonb, client_name_en text
) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT sharing.give(person, session_hash, consent, client, client_name, org_code, org_name, version, claims, purpose, legal_basis,
            given_at, until, receipt, entry, ends) THEN
        RETURN false;
    END IF;
    IF client_name_en <> '' THEN
        UPDATE sharing.consent c SET client_name_en = give.client_name_en WHERE c.person_key = person AND c.consent_id = consent;
    END IF;
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION sharing.give(bigint, bytea, uuid, bigint, text, text, text, integer, text[], text, text, timestamptz, timestamptz, text, bigint, jsonb, text)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sharing.give(bigint, bytea, uuid, bigint, text, text, text, integer, text[], text, text, timestamptz, timestamptz, text, bigint, jsonb, text)
    TO dancu_app;

-- Consents of before, by the agreement they were given under.
UPDATE sharing.consent c SET client_name_en = a.client_name_en FROM sharing.agreement a
 WHERE a.client_no = c.client_no AND a.version = c.agreement_version AND a.client_name_en <> '';

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA sharing FROM dancu_gate;
