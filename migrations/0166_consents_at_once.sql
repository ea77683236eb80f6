-- Two answers to the same question at once (a button pressed twice, two windows): one after the other, and the later replaces the
-- earlier. Both ended what stood before and the second insert met the first.

SET LOCAL ROLE dancu_owner;
GRANT CREATE ON SCHEMA sharing TO dancu_gate;
SET LOCAL ROLE dancu_gate;

CREATE OR REPLACE FUNCTION sharing.give(
    person bigint, session_hash bytea, consent uuid, client bigint, client_name text, org_code text, org_name text,
    version integer, claims text[], purpose text, legal_basis text, given_at timestamptz, until timestamptz, receipt text, entry bigint
) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT access.session_live('citizen', person, session_hash) THEN RETURN false; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('sharing.consent', person));
    UPDATE sharing.consent c SET ended_at = greatest(given_at, c.given_at), ended_by = 'replaced', ended_entry = entry
     WHERE c.person_key = person AND c.client_no = client AND c.purpose = purpose AND c.ended_at IS NULL;
    INSERT INTO sharing.consent VALUES (person, consent, client, client_name, org_code, org_name, version, claims, purpose,
        legal_basis, given_at, until, receipt, entry);
    RETURN true;
END $$;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA sharing FROM dancu_gate;
