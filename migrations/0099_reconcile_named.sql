-- Reconciling: of all who share a name and a year, those born on the day are told apart in the index. Reading each of them cost a cold
-- page: a dozen for a common name among a million people, a thousand among all.

DROP INDEX population.person_search_named;
CREATE INDEX person_search_named ON population.person_search (name_ascii, birth_year) INCLUDE (birth_month, birth_day, person_key);

SET LOCAL ROLE dancu_gate;

-- Rows compared with whoever may be meant by name, birth and household. Joins are made in the order written: estimates for words
-- of a name are so far off that the planner would read every household to find one head. Whoever cannot be meant (another name
-- altogether, another date in another household) is left out here and has no entry.
-- Per row, each NULL where the row does not say it:
-- `names` ASCII; `years`, `months`, `days`; `initials` of the name and `turned` with the last word first; `given` its last
-- word; `terms`, `head_terms`: lists of search terms of the name and of the head's name ("u123:hoa 1990:hoa;u123:kim 1990:kim"),
-- whoever has all terms of one list may be meant; where a row has neither, it is not looked for widely: by whole name or date
-- and by its head's number alone. At most 10,000 rows a call, 60 persons a row.
CREATE OR REPLACE FUNCTION population.link_traits(
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
          FROM (SELECT u.*, u.terms IS NOT NULL OR u.head_terms IS NOT NULL AS widely
                  FROM unnest(of_lines, of_names, years, months, days, initials, turned, given, terms, head_terms, head_numbers,
                              head_folded, head_ascii, communes)
                       AS u(line, name, year, month, day, initials, turned, given, terms, head_terms, head_number, folded, plain,
                            communes)) AS q
          CROSS JOIN LATERAL (
              SELECT * FROM (
              -- Born that day (or with day and month changed round) with the same initials.
              (SELECT s.person_key FROM population.person_search s
                WHERE s.birth_year = q.year AND s.birth_month = q.month AND s.birth_day = q.day
                  AND regexp_replace(s.name_ascii, '(\S)\S*\s*', '\1', 'g') IN (q.initials, q.turned)
                  AND (s.name_ascii = q.name OR split_part(s.name_ascii, ' ', -1) = q.given
                       OR public.similarity(s.name_ascii, q.name) >= 0.4) LIMIT 20)
              UNION ALL
              (SELECT s.person_key FROM population.person_search s
                WHERE s.birth_year = q.year AND s.birth_month = q.day AND s.birth_day = q.month AND q.day <> q.month
                  AND regexp_replace(s.name_ascii, '(\S)\S*\s*', '\1', 'g') = q.initials
                  AND (s.name_ascii = q.name OR public.similarity(s.name_ascii, q.name) >= 0.4) LIMIT 20)
              UNION ALL
              -- The same name and the date (or day and month changed round, or the month where one of both knows no more): told by
              -- the index alone, for in a large country hundreds share name and year.
              (SELECT s.person_key FROM population.person_search s
                WHERE s.name_ascii = q.name AND s.birth_year = q.year
                  AND ((s.birth_month = q.month AND (s.birth_day = q.day OR q.day IS NULL OR s.birth_day IS NULL))
                       OR (s.birth_month = q.day AND s.birth_day = q.month))
                LIMIT 20)
              UNION ALL
              -- The same name and year, where the row says neither more nor where they live.
              (SELECT s.person_key FROM population.person_search s
                WHERE s.name_ascii = q.name AND s.birth_year = q.year AND q.communes IS NULL
                  AND (q.month IS NULL OR s.birth_month IS NULL OR s.birth_month = q.month OR s.birth_day = q.day
                       OR (q.day, q.month) = (1, 1))
                LIMIT 20)
              UNION ALL
              -- The same name in the same year anywhere, nothing worse than one part of the date wrong: they may have moved. A
              -- name that more than three bear says nobody.
              (SELECT unnest(few.keys) FROM (SELECT array_agg(n.person_key) AS keys FROM (
                  SELECT s.person_key FROM population.person_search s
                   WHERE s.name_ascii = q.name AND s.birth_year = q.year AND q.widely
                     AND (q.day IS NULL OR s.birth_day IS NULL OR s.birth_month = q.month OR s.birth_day = q.day)
                   LIMIT 4) AS n) AS few
                WHERE cardinality(few.keys) < 4)
              UNION ALL
              -- A rarer word of the name in the commune and in the year, where the rest of the name is alike; or the whole name
              -- there, born in that year and with one part of the date, or on that day of another year. (The sums and the empty text keep the planner from reading a year, or all
              -- who share a name, for it.)
              (SELECT s.person_key FROM unnest(string_to_array(q.terms, ';')) AS t(words)
                 JOIN population.person_search s ON s.terms @> string_to_array(t.words, ' ')
                WHERE (s.birth_year + 0 = q.year
                       AND (q.day IS NULL OR s.birth_day IS NULL OR (s.birth_month = q.month AND s.birth_day = q.day)
                            OR (s.birth_month = q.day AND s.birth_day = q.month)
                            OR ((q.day, q.month) = (1, 1) AND split_part(s.name_ascii, ' ', -1) = q.given))
                       AND (s.name_ascii || '' = q.name OR public.similarity(s.name_ascii, q.name) >= 0.4))
                      OR (s.birth_year + 0 = q.year AND s.name_ascii || '' = q.name
                          AND (s.birth_month = q.month OR s.birth_day = q.day OR (q.day, q.month) = (1, 1)))
                      OR (s.name_ascii || '' = q.name
                          AND ((s.birth_month = q.month AND s.birth_day = q.day) OR q.year IS NULL OR s.birth_year IS NULL))
                LIMIT 20)
              UNION ALL
              -- Of the household whose head bears the number: of that name, of that day, or something of both.
              (SELECT m.person_key
                 FROM population.directory d
                 JOIN population.household_member own ON own.person_key = d.person_key AND upper(own.recorded) IS NULL
                 JOIN population.household_member m ON m.household_key = own.household_key AND upper(m.recorded) IS NULL
                 JOIN population.person_search s ON s.person_key = m.person_key
                WHERE d.number = q.head_number
                  AND (s.name_ascii = q.name OR (s.birth_year = q.year AND s.birth_month = q.month AND s.birth_day = q.day)
                       OR ((s.birth_year BETWEEN q.year - 1 AND q.year + 1 OR q.year IS NULL
                            OR split_part(s.name_ascii, ' ', -1) = q.given)
                           AND public.similarity(s.name_ascii, q.name) >= 0.3)) LIMIT 10)
              UNION ALL
              -- Of a household of the commune whose head has the name: likewise.
              (SELECT m.person_key
                 FROM unnest(string_to_array(q.head_terms, ';')) AS t(words)
                 JOIN population.person_search hs ON hs.terms @> string_to_array(t.words, ' ') AND hs.name_ascii || '' = q.plain
                 JOIN population.household_member own ON own.person_key = hs.person_key AND upper(own.recorded) IS NULL
                      AND own.relation = 'head'
                 JOIN population.household_member m ON m.household_key = own.household_key AND upper(m.recorded) IS NULL
                 JOIN population.person_search s ON s.person_key = m.person_key
                WHERE (s.birth_year = q.year AND s.birth_month = q.month AND s.birth_day = q.day)
                   OR ((s.birth_year = q.year OR q.year IS NULL
                        OR (split_part(s.name_ascii, ' ', -1) = q.given AND s.birth_month = q.month AND s.birth_day = q.day))
                       AND (s.name_ascii || '' = q.name OR public.similarity(s.name_ascii, q.name) >= 0.3)) LIMIT 20)
              ) AS every LIMIT 60) AS c
          JOIN population.person o ON o.person_key = c.person_key) AS f;
    IF found_keys IS NOT NULL THEN
        RETURN QUERY SELECT l.*, 'ok'::text FROM population.linked(actor_kind, actor_id, org_code, purpose, legal_basis,
            case_ref, request_id, channel, note, fields, found_lines, found_keys, numbers_of, folded_of, ascii_of, communes_of) AS l;
    END IF;
END $$;

RESET ROLE;
