-- A row that was refused names the members that must be mended, so that whoever hands in two hundred of them need not guess.

ALTER TABLE exchange.supply ADD COLUMN members text[] NOT NULL DEFAULT '{}';

SET LOCAL ROLE dancu_owner;
GRANT CREATE ON SCHEMA exchange TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- As exchange.handed, with the members.
CREATE FUNCTION exchange.handed_row(org text, reference text)
RETURNS TABLE (ref text, kind text, digest bytea, outcome text, reasons text[], subject bigint, members text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.ref, s.kind, s.digest, s.outcome, s.reasons, s.subject, s.members
      FROM exchange.supply s WHERE s.org_code = org AND s.ref = reference;
$$;

-- As before, with the members.
CREATE FUNCTION exchange.keep_handed(
    org text, client bigint, reference text, kind text, digest bytea, outcome text, reasons text[], subject bigint, members text[]
) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO exchange.supply AS s (org_code, ref, client_no, kind, digest, outcome, reasons, subject, members)
    VALUES (org, reference, client, kind, digest, outcome, reasons, nullif(subject, 0), members)
    ON CONFLICT (org_code, ref) DO UPDATE SET kind = excluded.kind, digest = excluded.digest, outcome = excluded.outcome,
        reasons = excluded.reasons, subject = excluded.subject, members = excluded.members, at = now() WHERE s.outcome = 'refused';
$$;
REVOKE ALL ON FUNCTION exchange.handed_row(text, text),
    exchange.keep_handed(text, bigint, text, text, bytea, text, text[], bigint, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.handed_row(text, text),
    exchange.keep_handed(text, bigint, text, text, bytea, text, text[], bigint, text[]) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
