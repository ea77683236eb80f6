-- Until when do others than the persons of an act belong to an opened household? A verb may take away those who stayed
-- longest after others left on a later day; the household stands until the last day of them all. `open`: somebody stays
-- without an end (also where the household was not opened: nobody closes it then). Otherwise `until` is the first day
-- without any of them, or nothing where nobody else ever belonged. Says no more of members whom the officer does not see.
-- `population.somebody_stays` stays for programs of before.
SET LOCAL ROLE dancu_gate;
CREATE FUNCTION population.others_stay(household bigint, but bigint[], OUT open boolean, OUT until date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT (household = ANY (population.households())) OR coalesce(bool_or(upper_inf(m.valid)), false),
           max(upper(m.valid))
    FROM population.household_member m
    WHERE m.household_key = household AND upper_inf(m.recorded) AND NOT (m.person_key = ANY (but));
$$;
REVOKE ALL ON FUNCTION population.others_stay(bigint, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION population.others_stay(bigint, bigint[]) TO dancu_app;
