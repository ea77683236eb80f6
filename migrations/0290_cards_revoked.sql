-- An approval looks at the cards and makes the account in one transaction; what the registry records of the person meanwhile waits, so
-- that its news finds the account. And the worker finds those whose last card is revoked without reading all cards.
CREATE INDEX card_revoked ON population.card (person_key) WHERE state = 'revoked' AND upper_inf(recorded);

SET LOCAL ROLE dancu_owner;
GRANT UPDATE (areas) ON population.person TO dancu_gate;  -- a row is locked by who may change some column of it
GRANT CREATE ON SCHEMA population TO dancu_gate;
RESET ROLE;

SET LOCAL ROLE dancu_gate;
-- Nothing is recorded of an opened person until the transaction ends.
CREATE FUNCTION population.hold(person bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM population.person p WHERE p.person_key = person AND person = ANY (population.subjects()) FOR KEY SHARE;
END $$;
REVOKE ALL ON FUNCTION population.hold(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION population.hold(bigint) TO dancu_app;
RESET ROLE;

SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA population FROM dancu_gate;
RESET ROLE;
