-- A receipt of a verification that was lost is found again by the office that made it: by day, way and reference of the dossier. What
-- is told names nobody, each search is an entry of the evidence log, and opening a receipt is the look at it, as ever.
SET LOCAL ROLE dancu_owner;
CREATE INDEX verification_office_idx ON exchange.verification (org_code, at);
GRANT CREATE ON SCHEMA exchange TO dancu_gate;
RESET ROLE;

SET LOCAL ROLE dancu_gate;
CREATE FUNCTION exchange.receipts_of_office(
    actor_id bigint, session_hash bytea, purpose text, legal_basis text, request_id text, channel text,
    since timestamptz, until timestamptz, wanted_way text, wanted_ref text, how_many integer
) RETURNS TABLE (person_key bigint, verification_id text, at timestamptz, officer text, procedure text, case_ref text, way text, device text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    mine text := coalesce((SELECT s.org_code FROM access.staff_org(actor_id) AS s), '');
BEGIN
    IF mine = '' OR NOT (SELECT r.ok FROM access.right_of(actor_id, session_hash, 'residence.prove') AS r) THEN
        RAISE EXCEPTION 'no right to receipts of an office' USING ERRCODE = 'DA003';
    END IF;
    PERFORM audit.record(ARRAY[ROW('search', 'staff', actor_id, mine, purpose, legal_basis, NULL, NULL, ARRAY['verifications'],
        request_id, channel, NULL, jsonb_build_object('verb', 'receipts.find', 'since', since, 'until', until))::audit.entry_in]);
    RETURN QUERY SELECT v.person_key, v.verification_id, v.at, v.officer, v.procedure, v.case_ref, v.way, v.device
        FROM exchange.verification v
        WHERE v.org_code = mine AND v.at >= since AND v.at < until AND (wanted_way = '' OR v.way = wanted_way)
          AND (wanted_ref = '' OR strpos(lower(v.case_ref), lower(wanted_ref)) > 0)
        ORDER BY v.at DESC LIMIT least(how_many, 200);
END $$;
REVOKE ALL ON FUNCTION exchange.receipts_of_office(bigint, bytea, text, text, text, text, timestamptz, timestamptz, text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.receipts_of_office(bigint, bytea, text, text, text, text, timestamptz, timestamptz, text, text, integer) TO dancu_app;
RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
RESET ROLE;
