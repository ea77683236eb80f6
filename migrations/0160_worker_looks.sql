-- The worker tells a child's guardian by the child's name, and nobody of who has come of age: it asks through the gate like the
-- application, so that each look is an entry.
SET LOCAL ROLE dancu_gate;
GRANT EXECUTE ON FUNCTION
    population.look(text, bigint, text, bytea, bigint[], text, text, text, text, text[], text, text, jsonb)
TO dancu_worker;
RESET ROLE;

-- Whom a record that a kit brought home and that was not taken is about, sealed: it is opened for whoever may look into it.
ALTER TABLE accounts.doorstep_record ADD COLUMN concerns bytea;
GRANT UPDATE (concerns) ON accounts.doorstep_record TO dancu_app;
