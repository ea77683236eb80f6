-- Parents named by a number whose record came later (another chunk, another file) are linked at night by the worker. It writes
-- kin facts for that, and nothing else of a record.
CREATE INDEX kinship_waiting ON population.kinship (person_key)
    WHERE relative_key IS NULL AND relative_number <> '' AND relation IN ('father', 'mother') AND upper_inf(recorded);
GRANT INSERT, UPDATE (recorded, closed_by) ON population.kinship TO dancu_worker;
SET LOCAL ROLE dancu_gate;
GRANT EXECUTE ON FUNCTION population.ancestors_of(bigint[], integer), population.named_by(bigint[]) TO dancu_worker;
RESET ROLE;
SET LOCAL ROLE dancu_owner;
-- A record is written with its household locked, and FOR UPDATE asks for the right to update some column. A newborn of a
-- household who waited for a number could not be given one at night for want of it.
GRANT UPDATE (closed_by) ON population.household TO dancu_worker;
