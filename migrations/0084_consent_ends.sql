-- A consent given beside one that stands keeps what was agreed to before until the end chosen then: each group of claims may
-- end by itself, earlier than the consent as a whole.

-- `ends`: group -> when it ends; one that is not named lasts until `until`.
ALTER TABLE sharing.consent ADD COLUMN ends jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(ends) = 'object');

SET LOCAL ROLE dancu_owner;
GRANT CREATE ON SCHEMA sharing TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- As before, with the groups that have not ended; those that last longest end with the consent, so some always are.
CREATE OR REPLACE FUNCTION sharing.standing(person bigint, client bigint, purpose text)
RETURNS TABLE (consent_id uuid, claims text[], given_at timestamptz, until timestamptz, receipt text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.consent_id,
           CASE WHEN c.ends = '{}' THEN c.claims
                ELSE ARRAY(SELECT g FROM unnest(c.claims) AS g WHERE coalesce((c.ends ->> g)::timestamptz, c.until) > now()) END,
           c.given_at, c.until, c.receipt
      FROM sharing.consent c
     WHERE c.person_key = person AND c.client_no = client AND c.purpose = standing.purpose
       AND c.ended_at IS NULL AND c.until > now();
$$;

-- The groups of the consent that covers a release now, each with its end.
CREATE FUNCTION sharing.standing_ends(person bigint, client bigint, purpose text)
RETURNS TABLE (claim text, ends timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g, coalesce((c.ends ->> g)::timestamptz, c.until) FROM sharing.consent c, unnest(c.claims) AS g
     WHERE c.person_key = person AND c.client_no = client AND c.purpose = standing_ends.purpose
       AND c.ended_at IS NULL AND coalesce((c.ends ->> g)::timestamptz, c.until) > now();
$$;

-- As sharing.give, with ends of single groups.
CREATE FUNCTION sharing.give(
    person bigint, session_hash bytea, consent uuid, client bigint, client_name text, org_code text, org_name text,
    version integer, claims text[], purpose text, legal_basis text, given_at timestamptz, until timestamptz, receipt text, entry bigint,
    ends jsonb
) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT sharing.give(person, session_hash, consent, client, client_name, org_code, org_name, version, claims, purpose, legal_basis,
            given_at, until, receipt, entry) THEN
        RETURN false;
    END IF;
    IF ends <> '{}' THEN
        UPDATE sharing.consent c SET ends = give.ends WHERE c.person_key = person AND c.consent_id = consent;
    END IF;
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION sharing.standing_ends(bigint, bigint, text),
    sharing.give(bigint, bytea, uuid, bigint, text, text, text, integer, text[], text, text, timestamptz, timestamptz, text, bigint, jsonb)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sharing.standing_ends(bigint, bigint, text),
    sharing.give(bigint, bytea, uuid, bigint, text, text, text, integer, text[], text, text, timestamptz, timestamptz, text, bigint, jsonb)
    TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA sharing FROM dancu_gate;
