-- Export of people in pages: who may, whom, and one evidence entry per person, before the rows can be read.

SET LOCAL ROLE dancu_gate;

-- The next `most` persons after `after_key` (0: from the first) whom this actor may export and who belong to one of
-- `wanted` units (NULL: all of the actor's area), in the order of their keys. They are open until the transaction ends.
-- Merged records are left out: they name the one they were merged into. A refusal is recorded once and comes back as a
-- single row without a person.
CREATE FUNCTION population.export_page(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, wanted integer[], after_key bigint,
    most integer, purpose text, legal_basis text, case_ref text, fields text[], request_id text, channel text, note jsonb
) RETURNS TABLE (verdict text, person_key bigint, entry_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record; refused text; keys bigint[]; ids bigint[];
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'person.export');
    refused := CASE
        WHEN actor_kind <> 'staff' OR NOT access.session_live('staff', actor_id, session_hash) THEN 'no_session'
        WHEN NOT held.ok THEN 'no_permission'
        WHEN NOT access.purpose_ok(purpose, legal_basis, access.today(), 'person.export') THEN 'no_purpose'
    END;
    IF refused IS NOT NULL THEN
        PERFORM audit.record(ARRAY[ROW('denied', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, NULL, fields,
            request_id, channel, NULL, coalesce(note, '{}') || jsonb_build_object('verdict', refused))::audit.entry_in]);
        RETURN QUERY SELECT refused, NULL::bigint, NULL::bigint;
        RETURN;
    END IF;
    keys := ARRAY(
        SELECT p.person_key FROM population.person p
        WHERE p.person_key > after_key AND p.merged_into IS NULL
          AND (held."national" OR p.areas && held.areas) AND (wanted IS NULL OR p.areas && wanted)
        ORDER BY p.person_key LIMIT least(most, 1000));
    IF cardinality(keys) = 0 THEN RETURN; END IF;
    ids := audit.record(ARRAY(
        SELECT ROW('export', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, k, fields, request_id, channel,
                   NULL, note)::audit.entry_in
        FROM unnest(keys) WITH ORDINALITY AS u(k, ord) ORDER BY u.ord));
    PERFORM population.open_rows(keys);
    RETURN QUERY SELECT 'ok', x.k, x.e FROM unnest(keys, ids) AS x(k, e);
END $$;

REVOKE EXECUTE ON FUNCTION population.export_page(text, bigint, text, bytea, integer[], bigint, integer, text, text, text,
    text[], text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION population.export_page(text, bigint, text, bytea, integer[], bigint, integer, text, text, text,
    text[], text, text, jsonb) TO dancu_app;
