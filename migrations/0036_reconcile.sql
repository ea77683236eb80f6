-- Reconciling in bulk: a partner's file is compared with the registry. The comparing program sees persons only through the two
-- link functions of the gate; they check purpose, legal basis and the agreement in force, write one evidence entry per person
-- compared in one statement, and only then answer. Runs, chunks of results and who was met before are kept here.

-- By whom a row without a usable number may be meant: born on a day with these initials, of this name in this year.
CREATE INDEX person_search_born ON population.person_search
    (birth_year, birth_month, birth_day, regexp_replace(name_ascii, '(\S)\S*\s*', '\1', 'g'));
CREATE INDEX person_search_named ON population.person_search (name_ascii, birth_year);

-- One run of one file. `digest`: of the file; `terms`: digest of everything else the answer depends on (profile, weights,
-- released fields, purpose), so that the same file on other terms is another run and the same again is the same run.
-- `position`: record of the file up to which outcomes are committed.
CREATE TABLE exchange.reconcile_run (
    run_no bigint GENERATED ALWAYS AS IDENTITY,
    org_code text NOT NULL,
    client_no bigint NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    terms bytea NOT NULL CHECK (octet_length(terms) = 32),
    file_name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('csv', 'xlsx', 'parquet')),
    profile text NOT NULL,
    weights text NOT NULL,
    released text[] NOT NULL,
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    case_ref text NOT NULL DEFAULT '',
    officer text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'erased')),
    failure text NOT NULL DEFAULT '',
    position bigint NOT NULL DEFAULT 0,
    chunks integer NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    seconds double precision NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CONSTRAINT reconcile_run_pkey PRIMARY KEY (run_no),
    CONSTRAINT reconcile_run_failed_says_why CHECK ((state = 'failed') = (failure <> ''))
);
CREATE UNIQUE INDEX reconcile_run_once ON exchange.reconcile_run (org_code, digest, terms) WHERE state <> 'erased';
CREATE INDEX reconcile_run_org_idx ON exchange.reconcile_run (org_code, run_no DESC);
CREATE INDEX reconcile_run_open_idx ON exchange.reconcile_run (moved_at) WHERE state IN ('waiting', 'running');

-- Results of a chunk of rows, and the rows that could not be read: compressed JSON lines, encrypted by the application
-- (kit.keys), written in the transaction of the evidence.
CREATE TABLE exchange.reconcile_chunk (
    run_no bigint NOT NULL,
    nth integer NOT NULL,
    lines integer NOT NULL,
    result bytea NOT NULL,
    rejects bytea,
    CONSTRAINT reconcile_chunk_pkey PRIMARY KEY (run_no, nth),
    CONSTRAINT reconcile_chunk_run_fkey FOREIGN KEY (run_no) REFERENCES exchange.reconcile_run (run_no)
);
ALTER TABLE exchange.reconcile_chunk ALTER COLUMN result SET STORAGE EXTERNAL;

-- Whom the rows of a run met, and in which line first: a second row about the same person is a duplicate of the partner's.
CREATE TABLE exchange.reconcile_met (
    person_key bigint NOT NULL,
    run_no bigint NOT NULL,
    line bigint NOT NULL,
    CONSTRAINT reconcile_met_pkey PRIMARY KEY (person_key, run_no)
);
CREATE INDEX reconcile_met_run_idx ON exchange.reconcile_met (run_no);
ALTER TABLE exchange.reconcile_met ENABLE ROW LEVEL SECURITY;
ALTER TABLE exchange.reconcile_met FORCE ROW LEVEL SECURITY;
CREATE POLICY gate ON exchange.reconcile_met TO dancu_gate USING (true);
CREATE POLICY verify ON exchange.reconcile_met FOR SELECT TO dancu_verify USING (true);
GRANT SELECT, INSERT, DELETE ON exchange.reconcile_met TO dancu_gate;
GRANT SELECT ON exchange.reconcile_met TO dancu_verify;
GRANT SELECT, INSERT, UPDATE ON exchange.reconcile_run TO dancu_app, dancu_worker;
GRANT SELECT, INSERT, DELETE ON exchange.reconcile_chunk TO dancu_app, dancu_worker;
GRANT SELECT ON exchange.reconcile_run TO dancu_verify;
-- The worker goes on with runs, and rows count in the partner's day.
GRANT INSERT, UPDATE ON exchange.quota TO dancu_worker;

-- Bulk takes entry ids of its own range, so that the sequencer serves people before files.
GRANT EXECUTE ON FUNCTION audit.take_entry_ids(bigint) TO dancu_gate;
GRANT INSERT ON audit.pending TO dancu_gate;
GRANT CREATE ON SCHEMA exchange TO dancu_gate;

SET LOCAL ROLE dancu_gate;

-- 'ok' or why a partner's program may not reconcile now; a refusal is in the log.
CREATE FUNCTION population.link_right(
    actor_kind text, actor_id bigint, org_code text, purpose text, legal_basis text, case_ref text, request_id text,
    channel text, note jsonb
) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    said text;
BEGIN
    said := CASE
        WHEN actor_kind <> 'client' THEN 'no_permission'
        WHEN NOT access.purpose_ok(purpose, legal_basis, access.today(), 'person.release') THEN 'no_purpose'
        WHEN NOT EXISTS (
            SELECT FROM sharing.data_agreement a
             WHERE a.org_code = org_code AND a.service = 'reconcile' AND a.state = 'in_force' AND a.valid @> access.today()
               AND (a.purposes ->> purpose = legal_basis OR starts_with(legal_basis, (a.purposes ->> purpose) || ' ')))
            THEN 'no_agreement'
        ELSE 'ok' END;
    IF said <> 'ok' THEN
        PERFORM audit.record(ARRAY[ROW('denied', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, NULL,
            ARRAY['reconcile'], request_id, channel, NULL, coalesce(note, '{}') || jsonb_build_object('verdict', said))::audit.entry_in]);
    END IF;
    RETURN said;
END $$;

-- What comparing needs of persons, recorded; element i of every array belongs together. Heads of their households are compared
-- with what the row says of the head, and have their entry too. Nobody has two entries of one transaction.
-- `head_number`: does the head bear the number the row names as the head's; `head_name`: 2 the name as the row has it,
-- 1 but for marks, 0 another. NULL: nothing to compare. `in_area`: is one of the row's communes a present home?
CREATE FUNCTION population.linked(
    actor_kind text, actor_id bigint, org_code text, purpose text, legal_basis text, case_ref text, request_id text,
    channel text, note jsonb, fields text[], lines integer[], keys bigint[],
    head_numbers text[], head_folded text[], head_ascii text[], communes text[]
) RETURNS TABLE (line integer, person_key bigint, names text, birth_year smallint, birth_month smallint, birth_day smallint,
                 sex text, numbers text, alive boolean, in_area boolean, unit_id integer, address text, hamlet_id bigint,
                 household_key bigint, relation text, head_number boolean, head_name smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET join_collapse_limit = 1
SET max_parallel_workers_per_gather = 0 AS $$
#variable_conflict use_column
DECLARE
    heads bigint[];
    homes bigint[];
    bonds text[];
    before bigint[] := coalesce(nullif(current_setting('dancu.linked', true), ''), '{}')::bigint[];
    fresh bigint[];
    first bigint;
    entries text := coalesce(current_setting('dancu.linked_entries', true), '');
BEGIN
    -- The household each belongs or, for the dead, last belonged to, and its head.
    SELECT array_agg(h.head_key ORDER BY p.ord), array_agg(m.household_key ORDER BY p.ord), array_agg(m.relation ORDER BY p.ord)
      INTO heads, homes, bonds
      FROM unnest(keys) WITH ORDINALITY AS p(key, ord)
      LEFT JOIN LATERAL (SELECT x.household_key, x.relation FROM population.household_member x
                          WHERE x.person_key = p.key AND upper(x.recorded) IS NULL
                          ORDER BY upper(x.valid) DESC NULLS FIRST LIMIT 1) AS m ON true
      LEFT JOIN LATERAL (SELECT x.head_key FROM population.household x
                          WHERE x.household_key = m.household_key AND upper(x.recorded) IS NULL
                          ORDER BY upper(x.valid) DESC NULLS FIRST LIMIT 1) AS h ON true;
    SELECT array_agg(compared.k) INTO fresh
      FROM (SELECT unnest(keys) AS k UNION SELECT h.k FROM unnest(heads, head_numbers, head_ascii) AS h(k, number, name)
             WHERE coalesce(h.number, h.name) IS NOT NULL) AS compared
      LEFT JOIN unnest(before) AS known(k) ON known.k = compared.k
     WHERE compared.k IS NOT NULL AND known.k IS NULL;
    IF fresh IS NOT NULL THEN
        PERFORM audit.assert_alive();
        first := audit.take_entry_ids(cardinality(fresh));
        INSERT INTO audit.pending (entry_id, action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject,
                                   fields, request_id, channel, note)
        SELECT first + f.ord - 1, 'read', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, f.k, fields,
               request_id, channel, note
          FROM unnest(fresh) WITH ORDINALITY AS f(k, ord);
        PERFORM set_config('dancu.linked', (before || fresh)::text, true);
        -- First and last entry of the transaction, and how many, for the run's own account.
        PERFORM set_config('dancu.linked_entries', concat_ws(' ', coalesce(nullif(split_part(entries, ' ', 1), ''), first::text),
            first + cardinality(fresh) - 1, coalesce(nullif(split_part(entries, ' ', 3), ''), '0')::bigint + cardinality(fresh)), true);
    END IF;
    RETURN QUERY
        SELECT p.line, p.key, n.names, b.birth_year, b.birth_month, b.birth_day, b.sex, d.numbers,
               o.alive_until = 'infinity', o.areas && p.communes::integer[], r.unit_id, r.address, r.hamlet_id,
               p.home, p.bond,
               CASE WHEN p.number IS NOT NULL AND p.head IS NOT NULL THEN EXISTS (
                   SELECT FROM population.directory x WHERE x.person_key = p.head AND x.number = p.number) END,
               CASE WHEN p.plain IS NULL OR hs.name_ascii IS NULL THEN NULL
                    WHEN hs.name_folded = p.folded THEN 2::smallint
                    WHEN hs.name_ascii = p.plain THEN 1::smallint ELSE 0::smallint END
          FROM unnest(lines, keys, heads, homes, bonds, head_numbers, head_folded, head_ascii, communes)
               AS p(line, key, head, home, bond, number, folded, plain, communes)
          JOIN population.person o ON o.person_key = p.key
          LEFT JOIN LATERAL (SELECT string_agg(x.full_name, '|' ORDER BY x.kind, x.fact_id DESC) AS names
                               FROM population.person_name x WHERE x.person_key = p.key AND upper(x.recorded) IS NULL) AS n ON true
          LEFT JOIN LATERAL (SELECT x.birth_year, x.birth_month, x.birth_day, x.sex FROM population.person_birth x
                              WHERE x.person_key = p.key AND upper(x.recorded) IS NULL LIMIT 1) AS b ON true
          LEFT JOIN LATERAL (SELECT string_agg(left(x.kind, 1) || left(x.state, 1) || x.number, ' ' ORDER BY x.kind DESC, x.state)
                               AS numbers FROM population.directory x
                              WHERE x.person_key = p.key AND x.kind IN ('personal_id', 'cmnd')) AS d ON true
          LEFT JOIN LATERAL (SELECT x.unit_id, x.address, x.hamlet_id FROM population.residence x
                              WHERE x.person_key = p.key AND x.kind = 'permanent' AND upper(x.recorded) IS NULL
                              ORDER BY upper(x.valid) DESC NULLS FIRST LIMIT 1) AS r ON true
          LEFT JOIN population.person_search hs ON hs.person_key = p.head AND p.plain IS NOT NULL
         ORDER BY p.line;
END $$;

-- Rows of a file compared with whoever bears the number a row names. At most 10,000 numbers a call.
CREATE FUNCTION population.link_numbers(
    actor_kind text, actor_id bigint, org_code text, purpose text, legal_basis text, case_ref text, request_id text,
    channel text, note jsonb, fields text[], of_lines integer[], of_numbers text[],
    head_numbers text[], head_folded text[], head_ascii text[], communes text[]
) RETURNS TABLE (line integer, person_key bigint, names text, birth_year smallint, birth_month smallint, birth_day smallint,
                 sex text, numbers text, alive boolean, in_area boolean, unit_id integer, address text, hamlet_id bigint,
                 household_key bigint, relation text, head_number boolean, head_name smallint, verdict text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET join_collapse_limit = 1
SET max_parallel_workers_per_gather = 0 AS $$
#variable_conflict use_variable
DECLARE
    found_lines integer[]; found_keys bigint[]; numbers_of text[]; folded_of text[]; ascii_of text[]; communes_of text[];
BEGIN
    verdict := population.link_right(actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, request_id, channel, note);
    IF verdict <> 'ok' THEN RETURN NEXT; RETURN; END IF;
    IF cardinality(of_numbers) > 10000 OR cardinality(of_numbers) <> cardinality(of_lines) THEN
        RAISE EXCEPTION 'too many numbers' USING ERRCODE = '22023';
    END IF;
    SELECT array_agg(f.line), array_agg(f.key), array_agg(f.head_number), array_agg(f.folded), array_agg(f.plain), array_agg(f.communes)
      INTO found_lines, found_keys, numbers_of, folded_of, ascii_of, communes_of FROM (
        SELECT DISTINCT ON (q.line, coalesce(o.merged_into, o.person_key)) q.line, coalesce(o.merged_into, o.person_key) AS key,
               q.head_number, q.folded, q.plain, q.communes
          FROM unnest(of_lines, of_numbers, head_numbers, head_folded, head_ascii, communes)
               AS q(line, number, head_number, folded, plain, communes)
          JOIN population.directory d ON d.number = q.number AND d.kind IN ('personal_id', 'cmnd')
          JOIN population.person o ON o.person_key = d.person_key) AS f;
    IF found_keys IS NOT NULL THEN
        RETURN QUERY SELECT l.*, 'ok'::text FROM population.linked(actor_kind, actor_id, org_code, purpose, legal_basis,
            case_ref, request_id, channel, note, fields, found_lines, found_keys, numbers_of, folded_of, ascii_of, communes_of) AS l;
    END IF;
END $$;

-- Rows compared with whoever may be meant by name, birth and household. Joins are made in the order written: estimates for words
-- of a name are so far off that the planner would read every household to find one head.
-- Per row, each NULL where the row does not say it:
-- `names` ASCII; `years`, `months`, `days`; `initials` of the name and `turned` with the last word first; `given` its last
-- word; `terms`, `head_terms`: lists of search terms of the name and of the head's name ("u123:hoa 1990:hoa;u123:kim 1990:kim"),
-- whoever has all terms of one list may be meant. At most 10,000 rows a call, 60 persons a row.
CREATE FUNCTION population.link_traits(
    actor_kind text, actor_id bigint, org_code text, purpose text, legal_basis text, case_ref text, request_id text,
    channel text, note jsonb, fields text[], of_lines integer[], of_names text[], years integer[], months integer[],
    days integer[], initials text[], turned text[], given text[], terms text[], head_terms text[],
    head_numbers text[], head_folded text[], head_ascii text[], communes text[]
) RETURNS TABLE (line integer, person_key bigint, names text, birth_year smallint, birth_month smallint, birth_day smallint,
                 sex text, numbers text, alive boolean, in_area boolean, unit_id integer, address text, hamlet_id bigint,
                 household_key bigint, relation text, head_number boolean, head_name smallint, verdict text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET join_collapse_limit = 1
SET max_parallel_workers_per_gather = 0 AS $$
#variable_conflict use_variable
DECLARE
    found_lines integer[]; found_keys bigint[]; numbers_of text[]; folded_of text[]; ascii_of text[]; communes_of text[];
BEGIN
    verdict := population.link_right(actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, request_id, channel, note);
    IF verdict <> 'ok' THEN RETURN NEXT; RETURN; END IF;
    IF cardinality(of_lines) > 10000 THEN
        RAISE EXCEPTION 'too many rows' USING ERRCODE = '22023';
    END IF;
    SELECT array_agg(f.line), array_agg(f.key), array_agg(f.head_number), array_agg(f.folded), array_agg(f.plain), array_agg(f.communes)
      INTO found_lines, found_keys, numbers_of, folded_of, ascii_of, communes_of FROM (
        SELECT DISTINCT ON (q.line, coalesce(o.merged_into, o.person_key)) q.line, coalesce(o.merged_into, o.person_key) AS key,
               q.head_number, q.folded, q.plain, q.communes
          FROM unnest(of_lines, of_names, years, months, days, initials, turned, given, terms, head_terms, head_numbers, head_folded,
                      head_ascii, communes)
               AS q(line, name, year, month, day, initials, turned, given, terms, head_terms, head_number, folded, plain, communes)
          CROSS JOIN LATERAL (
              SELECT * FROM (
              -- Born that day (or with day and month changed round) with the same initials.
              (SELECT s.person_key FROM population.person_search s
                WHERE s.birth_year = q.year AND s.birth_month = q.month AND s.birth_day = q.day
                  AND regexp_replace(s.name_ascii, '(\S)\S*\s*', '\1', 'g') IN (q.initials, q.turned) LIMIT 20)
              UNION ALL
              (SELECT s.person_key FROM population.person_search s
                WHERE s.birth_year = q.year AND s.birth_month = q.day AND s.birth_day = q.month AND q.day <> q.month
                  AND regexp_replace(s.name_ascii, '(\S)\S*\s*', '\1', 'g') = q.initials LIMIT 20)
              UNION ALL
              -- The same name in the same year, and nothing worse than one part of the date wrong, or the same place.
              (SELECT s.person_key FROM population.person_search s JOIN population.person x USING (person_key)
                WHERE s.name_ascii = q.name AND s.birth_year = q.year
                  AND (q.day IS NULL OR s.birth_day IS NULL OR s.birth_month = q.month OR s.birth_day = q.day
                       OR x.areas && q.communes::integer[])
                LIMIT 20)
              UNION ALL
              -- A rarer word of the name in the commune and in the year; or the whole name there, whatever the year. (The sums
              -- and the empty text keep the planner from reading a year, or all who share a name, for it.)
              (SELECT s.person_key FROM unnest(string_to_array(q.terms, ';')) AS t(words)
                 JOIN population.person_search s ON s.terms @> string_to_array(t.words, ' ')
                WHERE (s.birth_year + 0 = q.year
                       AND (q.day IS NULL OR s.birth_day IS NULL OR (s.birth_month = q.month AND s.birth_day = q.day)
                            OR (s.birth_month = q.day AND s.birth_day = q.month)
                            OR ((q.day, q.month) = (1, 1) AND split_part(s.name_ascii, ' ', -1) = q.given)))
                      OR s.name_ascii || '' = q.name
                LIMIT 20)
              UNION ALL
              -- Of the household whose head bears the number: born about then, or with the same last word.
              (SELECT m.person_key
                 FROM population.directory d
                 JOIN population.household_member own ON own.person_key = d.person_key AND upper(own.recorded) IS NULL
                 JOIN population.household_member m ON m.household_key = own.household_key AND upper(m.recorded) IS NULL
                 JOIN population.person_search s ON s.person_key = m.person_key
                WHERE d.number = q.head_number
                  AND (s.birth_year BETWEEN q.year - 1 AND q.year + 1 OR q.year IS NULL
                       OR split_part(s.name_ascii, ' ', -1) = q.given) LIMIT 10)
              UNION ALL
              -- Of a household of the commune whose head has the name.
              (SELECT m.person_key
                 FROM unnest(string_to_array(q.head_terms, ';')) AS t(words)
                 JOIN population.person_search hs ON hs.terms @> string_to_array(t.words, ' ') AND hs.name_ascii || '' = q.plain
                 JOIN population.household_member own ON own.person_key = hs.person_key AND upper(own.recorded) IS NULL
                      AND own.relation = 'head'
                 JOIN population.household_member m ON m.household_key = own.household_key AND upper(m.recorded) IS NULL
                 JOIN population.person_search s ON s.person_key = m.person_key
                WHERE s.birth_year = q.year OR q.year IS NULL OR split_part(s.name_ascii, ' ', -1) = q.given LIMIT 20)
              ) AS every LIMIT 60) AS c
          JOIN population.person o ON o.person_key = c.person_key) AS f;
    IF found_keys IS NOT NULL THEN
        RETURN QUERY SELECT l.*, 'ok'::text FROM population.linked(actor_kind, actor_id, org_code, purpose, legal_basis,
            case_ref, request_id, channel, note, fields, found_lines, found_keys, numbers_of, folded_of, ascii_of, communes_of) AS l;
    END IF;
END $$;

-- Claims persons for lines of a run of this organisation: for each the line that met the person first.
CREATE FUNCTION exchange.reconcile_meet(run bigint, keys bigint[], lines bigint[])
RETURNS TABLE (person_key bigint, line bigint) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO exchange.reconcile_met (person_key, run_no, line)
    SELECT a.k, run, min(a.l) FROM unnest(keys, lines) AS a(k, l) GROUP BY a.k ORDER BY a.k
    ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT m.person_key, m.line FROM unnest(keys) AS a(k)
        JOIN exchange.reconcile_met m ON m.person_key = a.k AND m.run_no = run;
END $$;

CREATE FUNCTION exchange.reconcile_forget(run bigint) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM exchange.reconcile_met WHERE run_no = run;
$$;

-- How many people the registry knows, about: what a chance agreement is worth depends on it.
CREATE FUNCTION population.size_about() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(c.reltuples::bigint, 1000) FROM pg_class c WHERE c.oid = 'population.person_search'::regclass;
$$;

REVOKE ALL ON FUNCTION
    population.link_right(text, bigint, text, text, text, text, text, text, jsonb),
    population.linked(text, bigint, text, text, text, text, text, text, jsonb, text[], integer[], bigint[], text[], text[],
        text[], text[]),
    population.link_numbers(text, bigint, text, text, text, text, text, text, jsonb, text[], integer[], text[], text[], text[],
        text[], text[]),
    population.link_traits(text, bigint, text, text, text, text, text, text, jsonb, text[], integer[], text[], integer[],
        integer[], integer[], text[], text[], text[], text[], text[], text[], text[], text[], text[]),
    population.size_about(), exchange.reconcile_meet(bigint, bigint[], bigint[]), exchange.reconcile_forget(bigint)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    population.link_numbers(text, bigint, text, text, text, text, text, text, jsonb, text[], integer[], text[], text[], text[],
        text[], text[]),
    population.link_traits(text, bigint, text, text, text, text, text, text, jsonb, text[], integer[], text[], integer[],
        integer[], integer[], text[], text[], text[], text[], text[], text[], text[], text[], text[]),
    population.size_about(), exchange.reconcile_meet(bigint, bigint[], bigint[]), exchange.reconcile_forget(bigint)
TO dancu_app, dancu_worker;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
