-- A program that filed a disagreement asks how its case stands, by the name under which it filed. Several may have filed what one
-- case is about: each finds it under its own.
SET LOCAL ROLE dancu_owner;
ALTER TABLE quality.case ADD COLUMN reports text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN quality.case.reports IS 'Under which names programs filed what it is about: organisation/name.';
CREATE INDEX case_reports ON quality.case USING gin (reports) WHERE reports <> '{}';
GRANT UPDATE (reports) ON quality.case TO dancu_worker;
GRANT CREATE ON SCHEMA quality TO dancu_gate;
RESET ROLE;

SET LOCAL ROLE dancu_gate;
-- Whom the cases are about; what they say is read once the person is open, with its entry.
CREATE FUNCTION quality.reported(names text[]) RETURNS TABLE (report text, person_key bigint, case_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT n, q.person_key, q.case_id FROM quality.case q CROSS JOIN LATERAL unnest(q.reports) AS n
     WHERE q.reports <> '{}' AND q.reports && names AND n = ANY (names);
$$;
REVOKE ALL ON FUNCTION quality.reported(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION quality.reported(text[]) TO dancu_app;
RESET ROLE;

SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA quality FROM dancu_gate;
RESET ROLE;
