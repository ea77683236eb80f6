-- A caller who can still sign in answers the hotline on their own phone; an organisation that waits shows who represents it.

-- `approval_id`: the citizen's answer that stands for questions; one call for one answer, however often it is looked at.
ALTER TABLE accounts.hotline_call ADD COLUMN approval_id uuid;
CREATE UNIQUE INDEX hotline_call_of_approval ON accounts.hotline_call (person_key, approval_id) WHERE approval_id IS NOT NULL;

SET LOCAL ROLE dancu_owner;
GRANT CREATE ON SCHEMA accounts TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Who asked for the accounts of organisations that wait: keys alone, each person is looked at and recorded by whoever shows them.
CREATE FUNCTION accounts.representatives_of(organisations bigint[]) RETURNS TABLE (organisation_no bigint, person_key bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (m.organisation_no) m.organisation_no, m.person_key
      FROM accounts.mandate m JOIN accounts.organisation o ON o.organisation_no = m.organisation_no
     WHERE m.organisation_no = ANY (organisations) AND o.state = 'waiting' AND m.kind = 'representative' AND m.ended_at IS NULL
     ORDER BY m.organisation_no, m.mandate_id DESC;
$$;
REVOKE ALL ON FUNCTION accounts.representatives_of(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.representatives_of(bigint[]) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA accounts FROM dancu_gate;
