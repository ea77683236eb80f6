-- Figures for those who steer: counts by commune of today, never rows about a person.

SET LOCAL ROLE dancu_gate;

-- One row per commune of today in the actor's area: people alive by the registry, records that lack a required group,
-- deaths of the last year. A person of a split commune is counted at each candidate until placed, as they are visible
-- there. DA003 without the right. The look is one entry about nobody in particular.
CREATE FUNCTION population.figures(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text
) RETURNS TABLE (unit_id integer, alive bigint, incomplete bigint, died_last_year bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'dashboard.read');
    IF actor_kind <> 'staff' OR NOT held.ok
       OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'dashboard.read') THEN
        RAISE EXCEPTION 'no right to read figures' USING ERRCODE = 'DA003';
    END IF;
    PERFORM audit.record(ARRAY[ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, NULL,
        ARRAY['figures'], request_id, channel, NULL, NULL)::audit.entry_in]);
    RETURN QUERY
        SELECT a.unit_id,
               count(*) FILTER (WHERE p.alive_until = 'infinity'),
               count(*) FILTER (WHERE p.alive_until = 'infinity' AND p.missing <> '{}'),
               count(*) FILTER (WHERE p.alive_until BETWEEN access.today() - 365 AND access.today())
        FROM population.person p CROSS JOIN LATERAL unnest(p.areas) AS a(unit_id)
        WHERE p.merged_into IS NULL AND (held."national" OR p.areas && held.areas)
        GROUP BY a.unit_id;
END $$;
REVOKE ALL ON FUNCTION population.figures(text, bigint, text, bytea, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION population.figures(text, bigint, text, bytea, text, text, text, text) TO dancu_app;

-- Cases by state of the area: how many wait, how many are overdue.
CREATE FUNCTION quality.figures(actor_id bigint, session_hash bytea)
RETURNS TABLE (waiting bigint, overdue bigint, answered bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'dashboard.read');
    IF NOT held.ok THEN
        RAISE EXCEPTION 'no right to read figures' USING ERRCODE = 'DA003';
    END IF;
    RETURN QUERY
        SELECT count(*) FILTER (WHERE c.state IN ('waiting', 'accepted')),
               count(*) FILTER (WHERE c.state = 'waiting' AND c.answer_due < access.today()
                                   OR c.state = 'accepted' AND c.done_due < access.today()),
               count(*) FILTER (WHERE c.state IN ('done', 'refused'))
        FROM quality.case c WHERE held."national" OR c.areas && held.areas;
END $$;
REVOKE ALL ON FUNCTION quality.figures(bigint, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION quality.figures(bigint, bytea) TO dancu_app;
