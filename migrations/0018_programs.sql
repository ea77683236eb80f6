-- Programs as actors: a registered client of an organisation ('client') and the platform itself ('system') may have declared
-- data compared with the registry (person.verify) and may receive released fields (person.release), for purposes that
-- serve it. Every such look is one entry per person, like any other.

ALTER TABLE audit.pending DROP CONSTRAINT pending_actor_kind;
ALTER TABLE audit.pending ADD CONSTRAINT pending_actor_kind CHECK (actor_kind IN ('staff', 'citizen', 'system', 'client'));

SET LOCAL ROLE dancu_gate;

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
        -- who stands behind it and what was agreed the rooms above have checked. Never a desk's permission.
        IF permission NOT IN ('person.verify', 'person.release') THEN RETURN 'no_permission'; END IF;
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
