-- The desk that works on rows an import could not decide alone, and how long such rows are kept.

-- What a row means depends on the day of its units and on the columns of its file: kept with the run, so that a row read
-- again at the desk is read as the import read it. Titles of columns are nobody's data.
ALTER TABLE population.import_run ADD COLUMN as_of date;
ALTER TABLE population.import_run ADD COLUMN header text[];

-- `areas`: whose desk a row is for, by the places it names; the areas of its candidates are asked for when it is listed,
-- for people move. `typed`: the cells as an officer corrected them, kept from one attempt to the next. `detail`: why a row
-- was set aside, or which values of the row were taken over the registry's. `settled_name`: the officer, for the colleague
-- who comes second.
ALTER TABLE population.import_review
    ADD COLUMN areas integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN typed jsonb,
    ADD COLUMN person_key bigint,
    ADD COLUMN detail text NOT NULL DEFAULT '',
    ADD COLUMN settled_name text NOT NULL DEFAULT '',
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT import_review_outcome CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'set_aside')),
    ADD CONSTRAINT import_review_person CHECK ((person_key IS NULL) = (outcome IS NULL OR outcome = 'set_aside')),
    ADD CONSTRAINT import_review_set_aside_says_why CHECK (outcome IS DISTINCT FROM 'set_aside' OR btrim(detail) <> '');

-- How long rows of people stay beside the registry, as data: the law says only "no longer than the purpose needs".
-- Rows that wait for a decision are not in it: they are work, and erasing them would lose it.
CREATE TABLE population.import_retention (
    what text NOT NULL,
    valid daterange NOT NULL,
    days integer NOT NULL,
    legal_basis text NOT NULL,
    CONSTRAINT import_retention_pkey PRIMARY KEY (what, valid),
    CONSTRAINT import_retention_what CHECK (what IN ('reject', 'review')),
    CONSTRAINT import_retention_days CHECK (days > 0),
    CONSTRAINT import_retention_one EXCLUDE USING gist (what WITH =, valid WITH &&)
);
INSERT INTO population.import_retention VALUES
    ('reject', '[2023-07-01,2026-01-01)', 90, '13/2023/NĐ-CP'), ('reject', '[2026-01-01,)', 90, '91/2025/QH15'),
    ('review', '[2023-07-01,2026-01-01)', 180, '13/2023/NĐ-CP'), ('review', '[2026-01-01,)', 180, '91/2025/QH15');

GRANT SELECT ON population.import_retention TO dancu_app, dancu_worker, dancu_verify;
GRANT SELECT, UPDATE ON population.import_review TO dancu_worker;
GRANT SELECT, DELETE ON population.import_reject TO dancu_worker;
GRANT SELECT, UPDATE ON population.import_review TO dancu_gate;
GRANT SELECT ON population.import_run TO dancu_gate;
GRANT SELECT, INSERT ON population.import_row TO dancu_gate;

-- Doors of the desk, functions of the gate's role: the application has no right to the tables themselves. A row is within
-- an officer's reach when a place it names, or one of its candidates, is; a row that names neither is for whoever imports.
SET LOCAL ROLE dancu_gate;

-- The right to work on rows: `import.run` under the purpose, and the area in which its holder may correct records.
CREATE FUNCTION population.review_right(
    actor_kind text, actor_id bigint, session_hash bytea, purpose text, legal_basis text,
    OUT verdict text, OUT "national" boolean, OUT areas integer[]
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE held record;
BEGIN
    "national" := false;
    areas := '{}';
    IF actor_kind <> 'staff' OR NOT access.session_live('staff', actor_id, session_hash) THEN
        verdict := 'no_session';
    ELSIF NOT (access.right_of(actor_id, session_hash, 'import.run')).ok THEN
        verdict := 'no_permission';
    ELSIF NOT access.purpose_ok(purpose, legal_basis, access.today(), 'import.run') THEN
        verdict := 'no_purpose';
    ELSE
        verdict := 'ok';
        SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'person.write.correct');
        IF held.ok THEN
            "national" := held."national";
            areas := held.areas;
        END IF;
    END IF;
END $$;

CREATE FUNCTION population.review_reach(row_areas integer[], candidates bigint[], "national" boolean, mine integer[])
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT "national" OR row_areas && mine OR (cardinality(row_areas) = 0 AND cardinality(candidates) = 0)
        OR EXISTS (SELECT FROM population.person p WHERE p.person_key = ANY (candidates) AND p.areas && mine);
$$;

-- Rows of the officer's area, without anything they say of people. `state`: 'waiting' or 'settled'. Paging goes on after
-- (after_run, after_line) in the order newest run first, then as in the file. One row (verdict) where there is no right.
CREATE FUNCTION population.reviews(
    actor_kind text, actor_id bigint, session_hash bytea, purpose text, legal_basis text, state text, of_run bigint,
    of_reason text, after_run bigint, after_line bigint, most integer
) RETURNS TABLE (verdict text, run_id bigint, line bigint, file_name text, profile text, codes text[], candidates integer,
                 created_at timestamptz, settled_at timestamptz, settled_name text, outcome text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE held record;
BEGIN
    SELECT * INTO held FROM population.review_right(actor_kind, actor_id, session_hash, purpose, legal_basis);
    IF held.verdict <> 'ok' THEN
        verdict := held.verdict;
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT 'ok', q.run_id, q.line, r.file_name, q.profile,
               ARRAY(SELECT DISTINCT e.value ->> 0 FROM jsonb_array_elements(q.reasons) AS e ORDER BY 1),
               cardinality(q.candidates), q.created_at, q.settled_at, q.settled_name, q.outcome
        FROM population.import_review q JOIN population.import_run r ON r.run_id = q.run_id
        WHERE (q.settled_at IS NULL) = (state = 'waiting')
          AND (of_run IS NULL OR q.run_id = of_run)
          AND (of_reason IS NULL OR q.reasons @> jsonb_build_array(jsonb_build_array(of_reason)))
          AND (after_run IS NULL OR q.run_id < after_run OR (q.run_id = after_run AND q.line > after_line))
          AND population.review_reach(q.areas, q.candidates, held."national", held.areas)
        ORDER BY q.run_id DESC, q.line LIMIT least(most, 200);
END $$;

-- How much waits for this officer, by run and reason. A row with two reasons counts under each; reason NULL: rows.
CREATE FUNCTION population.review_counts(
    actor_kind text, actor_id bigint, session_hash bytea, purpose text, legal_basis text
) RETURNS TABLE (verdict text, run_id bigint, file_name text, profile text, started_at timestamptz, reason text, waiting bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE held record;
BEGIN
    SELECT * INTO held FROM population.review_right($1, $2, $3, $4, $5);
    IF held.verdict <> 'ok' THEN
        RETURN QUERY SELECT held.verdict::text, NULL::bigint, NULL::text, NULL::text, NULL::timestamptz, NULL::text, NULL::bigint;
        RETURN;
    END IF;
    RETURN QUERY
        WITH mine AS (
            SELECT q.run_id, q.line, q.reasons FROM population.import_review q
            WHERE q.settled_at IS NULL AND population.review_reach(q.areas, q.candidates, held."national", held.areas)
        ), counted AS (
            SELECT m.run_id, c.code, count(*) AS n FROM mine m
            CROSS JOIN LATERAL (SELECT NULL::text AS code UNION ALL
                                SELECT DISTINCT e.value ->> 0 FROM jsonb_array_elements(m.reasons) AS e) AS c
            GROUP BY m.run_id, c.code
        )
        SELECT 'ok'::text, c.run_id, r.file_name, r.profile, r.started_at, c.code, c.n
        FROM counted c JOIN population.import_run r ON r.run_id = c.run_id
        ORDER BY c.run_id DESC, c.code IS NOT NULL, c.n DESC, c.code;
END $$;

-- One row, whole. Showing it is a look at somebody not yet known, so it is recorded like one, without a subject; locking
-- it (`deciding`) is not, for the decision leaves its own entry. 'not_found' also for rows beyond the officer's reach.
CREATE FUNCTION population.review_row(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text, case_ref text,
    request_id text, channel text, of_run bigint, of_line bigint, deciding boolean
) RETURNS TABLE (verdict text, run_id bigint, line bigint, file_name text, profile text, as_of date, header text[],
                 fingerprint uuid, cells jsonb, typed jsonb, reasons jsonb, candidates bigint[], created_at timestamptz,
                 settled_at timestamptz, settled_by bigint, settled_name text, outcome text, person_key bigint, detail text,
                 erased_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE held record;
BEGIN
    SELECT * INTO held FROM population.review_right(actor_kind, actor_id, session_hash, purpose, legal_basis);
    verdict := held.verdict;
    IF verdict <> 'ok' THEN
        RETURN NEXT;
        RETURN;
    END IF;
    IF deciding THEN
        PERFORM FROM population.import_review q WHERE q.run_id = of_run AND q.line = of_line FOR UPDATE;
    END IF;
    SELECT q.run_id, q.line, r.file_name, q.profile, r.as_of, r.header, q.fingerprint, q.cells, q.typed, q.reasons,
           q.candidates, q.created_at, q.settled_at, q.settled_by, q.settled_name, q.outcome, q.person_key, q.detail,
           q.erased_at
      INTO run_id, line, file_name, profile, as_of, header, fingerprint, cells, typed, reasons, candidates, created_at,
           settled_at, settled_by, settled_name, outcome, person_key, detail, erased_at
      FROM population.import_review q JOIN population.import_run r ON r.run_id = q.run_id
     WHERE q.run_id = of_run AND q.line = of_line
       AND population.review_reach(q.areas, q.candidates, held."national", held.areas);
    IF NOT FOUND THEN
        verdict := 'not_found';
    END IF;
    IF NOT deciding THEN
        PERFORM audit.record(ARRAY[ROW(
            CASE verdict WHEN 'ok' THEN 'read' ELSE 'denied' END, actor_kind, actor_id, org_code, purpose, legal_basis,
            case_ref, NULL, ARRAY['import_row'], request_id, channel, NULL,
            jsonb_build_object('verb', 'review_show', 'run', of_run, 'line', of_line))::audit.entry_in]);
    END IF;
    RETURN NEXT;
END $$;

-- Settle a row that waits; false where it does not wait (any more), or is out of reach. A person of the row is remembered
-- under its fingerprints: the same row of the next file says nothing new.
CREATE FUNCTION population.review_settle(
    actor_kind text, actor_id bigint, session_hash bytea, purpose text, legal_basis text, of_run bigint, of_line bigint,
    result text, person bigint, officer text, why text, fingerprints uuid[], record uuid
) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE held record;
BEGIN
    SELECT * INTO held FROM population.review_right(actor_kind, actor_id, session_hash, purpose, legal_basis);
    IF held.verdict <> 'ok' THEN RETURN false; END IF;
    UPDATE population.import_review q
       SET settled_at = clock_timestamp(), settled_by = actor_id, settled_name = officer, outcome = result,
           person_key = person, detail = why
     WHERE q.run_id = of_run AND q.line = of_line AND q.settled_at IS NULL
       AND population.review_reach(q.areas, q.candidates, held."national", held.areas);
    IF NOT FOUND THEN RETURN false; END IF;
    IF person IS NOT NULL THEN
        INSERT INTO population.import_row (fingerprint, person_key, record_key, run_id)
        SELECT f, person, record, of_run FROM unnest(fingerprints) AS f ON CONFLICT DO NOTHING;
    END IF;
    RETURN true;
END $$;

-- Keep what was typed into a row that goes on waiting, and why it does.
CREATE FUNCTION population.review_retype(
    actor_kind text, actor_id bigint, session_hash bytea, purpose text, legal_basis text, of_run bigint, of_line bigint,
    cells_now jsonb, reasons_now jsonb, candidates_now bigint[], areas_now integer[]
) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE held record;
BEGIN
    SELECT * INTO held FROM population.review_right(actor_kind, actor_id, session_hash, purpose, legal_basis);
    IF held.verdict <> 'ok' THEN RETURN false; END IF;
    UPDATE population.import_review q
       SET typed = cells_now, reasons = reasons_now, candidates = candidates_now,
           -- Whose desk it was it stays: a place mistyped must not make the row vanish from the desk that is at it.
           areas = ARRAY(SELECT DISTINCT a FROM unnest(q.areas || areas_now) AS a)
     WHERE q.run_id = of_run AND q.line = of_line AND q.settled_at IS NULL
       AND population.review_reach(q.areas, q.candidates, held."national", held.areas);
    RETURN FOUND;
END $$;

-- Whom a row may be about: keys only, the gate is asked about each next. `how`: 'number' (with kind and number), 'record',
-- 'name'. Records merged away are answered for by the one that stands for them.
CREATE FUNCTION population.review_candidates(
    actor_kind text, actor_id bigint, session_hash bytea, purpose text, legal_basis text, numbers text[], record uuid,
    name text, name_terms text[]
) RETURNS TABLE (how text, kind text, number text, person_key bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF (population.review_right($1, $2, $3, $4, $5)).verdict <> 'ok' THEN RETURN; END IF;
    RETURN QUERY
        SELECT DISTINCT f.how, f.kind, f.number, coalesce(p.merged_into, p.person_key)
        FROM (
            SELECT 'number' AS how, d.kind, d.number, d.person_key FROM population.directory d WHERE d.number = ANY ($6)
            UNION ALL
            SELECT 'record', '', '', i.person_key FROM population.import_row i WHERE i.record_key = $7
            UNION ALL
            (SELECT 'name', '', '', s.person_key FROM population.person_search s
             WHERE cardinality($9) > 0 AND s.terms @> $9 AND s.name_ascii = $8 ORDER BY s.person_key LIMIT 10)
        ) AS f JOIN population.person p ON p.person_key = f.person_key
        ORDER BY 1, 2, 3, 4;
END $$;

-- The household of a file number: its key, its head, and one present member through whom it can be opened.
CREATE FUNCTION population.review_household(
    actor_kind text, actor_id bigint, session_hash bytea, purpose text, legal_basis text, file_number text
) RETURNS TABLE (household_key bigint, head_key bigint, member_key bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF (population.review_right($1, $2, $3, $4, $5)).verdict <> 'ok' THEN RETURN; END IF;
    RETURN QUERY
        SELECT h.household_key, h.head_key,
               (SELECT min(m.person_key) FROM population.household_member m
                WHERE m.household_key = h.household_key AND upper_inf(m.recorded) AND upper_inf(m.valid))
        FROM population.household h
        WHERE h.file_number = $6 AND $6 <> '' AND upper_inf(h.recorded) AND upper_inf(h.valid)
        ORDER BY h.household_key LIMIT 1;
END $$;

REVOKE ALL ON FUNCTION
    population.review_right(text, bigint, bytea, text, text),
    population.review_reach(integer[], bigint[], boolean, integer[]),
    population.reviews(text, bigint, bytea, text, text, text, bigint, text, bigint, bigint, integer),
    population.review_counts(text, bigint, bytea, text, text),
    population.review_row(text, bigint, text, bytea, text, text, text, text, text, bigint, bigint, boolean),
    population.review_settle(text, bigint, bytea, text, text, bigint, bigint, text, bigint, text, text, uuid[], uuid),
    population.review_retype(text, bigint, bytea, text, text, bigint, bigint, jsonb, jsonb, bigint[], integer[]),
    population.review_candidates(text, bigint, bytea, text, text, text[], uuid, text, text[]),
    population.review_household(text, bigint, bytea, text, text, text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    population.reviews(text, bigint, bytea, text, text, text, bigint, text, bigint, bigint, integer),
    population.review_counts(text, bigint, bytea, text, text),
    population.review_row(text, bigint, text, bytea, text, text, text, text, text, bigint, bigint, boolean),
    population.review_settle(text, bigint, bytea, text, text, bigint, bigint, text, bigint, text, text, uuid[], uuid),
    population.review_retype(text, bigint, bytea, text, text, bigint, bigint, jsonb, jsonb, bigint[], integer[]),
    population.review_candidates(text, bigint, bytea, text, text, text[], uuid, text, text[]),
    population.review_household(text, bigint, bytea, text, text, text)
TO dancu_app;
RESET ROLE;
