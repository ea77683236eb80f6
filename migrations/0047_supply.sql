-- Supply: partners that are the source of births, deaths and marriages hand them in. One row per fact handed in, by the
-- partner's own reference, so that handing in twice is handing in once.

CREATE TABLE exchange.supply (
    org_code text NOT NULL,
    ref text NOT NULL CHECK (length(ref) BETWEEN 1 AND 80),
    client_no bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('birth', 'death', 'marriage', 'correction')),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'needs_verification', 'refused')),
    reasons text[] NOT NULL DEFAULT '{}',
    -- Whom it is about, where that is known: so that a number given later can be told.
    subject bigint,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT supply_pkey PRIMARY KEY (org_code, ref),
    CONSTRAINT supply_accepted_names_somebody CHECK (outcome <> 'accepted' OR subject IS NOT NULL)
);
GRANT SELECT, INSERT, UPDATE ON exchange.supply TO dancu_app;
GRANT SELECT ON exchange.supply TO dancu_verify;

SET LOCAL ROLE dancu_gate;

-- As before (0018), and: a program may write what its organisation is the source of, while an agreement for `supply` holds.
CREATE OR REPLACE FUNCTION population.verdict(
    actor_kind text, actor_id bigint, session_hash bytea, person bigint, person_areas integer[],
    permission text, purpose text, legal_basis text
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE held record;
BEGIN
    IF actor_kind = 'citizen' THEN
        -- A citizen sees one record: their own.
        IF NOT access.session_live('citizen', actor_id, session_hash) THEN RETURN 'no_session'; END IF;
        IF NOT access.purpose_ok(purpose, legal_basis, access.today(), permission) THEN RETURN 'no_purpose'; END IF;
        IF permission <> 'citizen.self' THEN RETURN 'no_permission'; END IF;
        IF person IS NULL THEN RETURN 'not_found'; END IF;
        RETURN CASE WHEN person = actor_id THEN 'ok' ELSE 'no_permission' END;
    END IF;
    IF actor_kind IN ('client', 'system') THEN
        -- A program may ask whether declared data agree, or what a citizen's consent or an agreement releases to it;
        -- who stands behind it and what was agreed the rooms above have checked. It may hand in what its organisation
        -- is the source of, and here the agreement is looked at. Never a desk's permission otherwise.
        IF permission IN ('person.write.register', 'person.write.die', 'person.write.marry', 'person.number.allocate') THEN
            IF actor_kind <> 'client' OR NOT EXISTS (
                SELECT FROM exchange.system s JOIN exchange.partner p ON p.org_code = s.org_code
                  JOIN sharing.data_agreement a ON a.org_code = s.org_code
                 WHERE s.client_no = actor_id AND s.environment = 'live' AND p.state = 'live' AND a.service = 'supply'
                   AND a.state = 'in_force' AND access.today() <@ a.valid AND a.purposes ->> purpose = legal_basis) THEN
                RETURN 'no_permission';
            END IF;
        ELSIF permission NOT IN ('person.verify', 'person.release') THEN
            RETURN 'no_permission';
        END IF;
        IF NOT access.purpose_ok(purpose, legal_basis, access.today(), permission) THEN RETURN 'no_purpose'; END IF;
        RETURN CASE WHEN person IS NULL THEN 'not_found' ELSE 'ok' END;
    END IF;
    IF actor_kind <> 'staff' THEN RETURN 'no_session'; END IF;
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, permission);
    IF NOT held.ok THEN
        IF NOT access.session_live('staff', actor_id, session_hash) THEN RETURN 'no_session'; END IF;
        -- Someone who may only look nationally, or who broke the glass, holds the right by that.
        IF permission = 'person.read' AND (access.right_of(actor_id, session_hash, 'person.read.national')).ok
           AND access.purpose_ok(purpose, legal_basis, access.today(), 'person.read.national') THEN
            RETURN CASE WHEN person IS NULL THEN 'not_found' ELSE 'ok' END;
        END IF;
        RETURN 'no_permission';
    END IF;
    IF NOT access.purpose_ok(purpose, legal_basis, access.today(), permission) THEN RETURN 'no_purpose'; END IF;
    IF person IS NULL THEN RETURN 'not_found'; END IF;
    IF held."national" OR person_areas && held.areas THEN RETURN 'ok'; END IF;
    -- National look-up reaches reading and printing, never history or a write.
    IF permission IN ('person.read', 'person.print')
       AND (access.right_of(actor_id, session_hash, 'person.read.national')).ok
       AND access.purpose_ok(purpose, legal_basis, access.today(), 'person.read.national') THEN RETURN 'ok'; END IF;
    IF permission IN ('person.read', 'person.history', 'person.print') AND access.broken_glass(actor_id, person) THEN
        RETURN 'ok';
    END IF;
    RETURN 'outside_area';
END $$;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
