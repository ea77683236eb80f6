-- Codes of activation that a stranger cannot end, and the portrait on file for who decides.

-- How long the code in force is. A code of activation lives for days and may be tried by whoever knows the number: the
-- short one takes few tries, then a long one takes its place (see accounts.service.codes).
ALTER TABLE accounts.code ADD COLUMN digits smallint NOT NULL DEFAULT 6 CHECK (digits BETWEEN 6 AND 12);
ALTER TABLE accounts.code ALTER COLUMN tries TYPE integer;
GRANT UPDATE (digits) ON accounts.code TO dancu_app;

-- A reference portrait beside the one an applicant sent, where whose application it is stands in doubt: for an officer who
-- may decide on applications, of a person of the officer's own area, and on record before anything is read.

SET LOCAL ROLE dancu_owner;
GRANT CREATE ON SCHEMA cards TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Opens the person's portrait to this transaction where the word is 'ok'; every question is an entry.
CREATE FUNCTION cards.show_face(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text, case_ref text,
    request_id text, channel text, person bigint, permission text
) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE word text;
BEGIN
    IF actor_kind <> 'staff' OR permission <> 'eid.application.decide' THEN
        word := 'no_permission';
    ELSE
        SELECT population.verdict(actor_kind, actor_id, session_hash, p.person_key, p.areas, permission, purpose, legal_basis)
          INTO word FROM (SELECT person AS asked) q LEFT JOIN population.person p ON p.person_key = q.asked;
    END IF;
    PERFORM audit.record(ARRAY[
        ROW(CASE WHEN word = 'ok' THEN 'read' ELSE 'denied' END, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref,
            CASE WHEN word = 'not_found' THEN NULL ELSE person END, ARRAY['face'], request_id, channel, NULL,
            CASE WHEN word = 'ok' THEN '{"verb": "show_reference"}'::jsonb
                 ELSE jsonb_build_object('verb', 'show_reference', 'verdict', word) END)::audit.entry_in]);
    IF word = 'ok' THEN PERFORM set_config('dancu.references', (cards.opened() || person)::text, true); END IF;
    RETURN word;
END $$;

REVOKE ALL ON FUNCTION cards.show_face(text, bigint, text, bytea, text, text, text, text, text, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cards.show_face(text, bigint, text, bytea, text, text, text, text, text, bigint, text) TO dancu_biometric;

SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA cards FROM dancu_gate;
RESET ROLE;
