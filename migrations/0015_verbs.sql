-- What the verbs of one-step registration, closing of households and resumable recomputing need.

-- Does anybody else belong to an opened household on or after a day? Only yes or no: a household may have members of
-- areas the officer does not see, and it must not be closed over their heads.
SET LOCAL ROLE dancu_gate;
CREATE FUNCTION population.somebody_stays(household bigint, from_day date, but bigint[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT (household = ANY (population.households())) OR EXISTS (
        SELECT FROM population.household_member m
        WHERE m.household_key = household AND upper_inf(m.recorded) AND m.valid && daterange(from_day, NULL)
          AND NOT (m.person_key = ANY (but)));
$$;
REVOKE ALL ON FUNCTION population.somebody_stays(bigint, date, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION population.somebody_stays(bigint, date, bigint[]) TO dancu_app;
RESET ROLE;
SET LOCAL ROLE dancu_owner;

-- Numbers that could not be given at the registration are given later by a job. It adds a number and its line in the
-- directory, and says so on the person's row; nothing else of a person is open to it.
GRANT INSERT ON population.person_number, population.directory TO dancu_worker;
GRANT UPDATE (missing, last_recorded) ON population.person TO dancu_worker;
GRANT USAGE ON SEQUENCE population.fact_id_seq TO dancu_worker;
SET LOCAL ROLE dancu_gate;
GRANT EXECUTE ON FUNCTION population.free_number(text, integer) TO dancu_worker;
SET LOCAL ROLE dancu_owner;

-- How far a run over all persons got, so that a stopped one goes on where it was. Keys only.
CREATE TABLE population.run (
    name text NOT NULL,
    after bigint NOT NULL DEFAULT 0,                 -- the last person done
    changed bigint NOT NULL DEFAULT 0,
    as_of date NOT NULL,                             -- the day its first persons were worked out for
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT run_pkey PRIMARY KEY (name)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON population.run TO dancu_worker;
GRANT SELECT ON population.run TO dancu_verify;
