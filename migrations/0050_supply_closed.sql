-- Grants made narrower. What partners handed in names people: the application reaches it by the partner's own reference only, through the gate. Relations
-- are ended through the gate as well, never deleted or changed by the application itself.

REVOKE UPDATE, DELETE ON exchange.relation FROM dancu_app;
REVOKE ALL ON exchange.supply FROM dancu_app;

-- Of rows that stay, only what is meant to change: whose they are, what they are and when they began never does.
REVOKE UPDATE ON exchange.certificate, exchange.dispute, exchange.paper, credentials.document FROM dancu_app;
GRANT UPDATE (revoked_at, reason) ON exchange.certificate TO dancu_app;
GRANT UPDATE (state, case_id, desk, answer, answer_basis, answer_due, done_due, legal_basis, answered_at) ON exchange.dispute TO dancu_app;
GRANT UPDATE (found, sealed, as_of, how, fetched_at, entry_id) ON exchange.paper TO dancu_app;
GRANT UPDATE (changed_at, standing, number_hash, state, sealed, differs, reason, as_of, checked_at, tried_at, entry_id, asked_at, asked_how)
    ON credentials.document TO dancu_app;
ALTER TABLE exchange.supply ENABLE ROW LEVEL SECURITY;
ALTER TABLE exchange.supply FORCE ROW LEVEL SECURITY;
CREATE POLICY gate ON exchange.supply TO dancu_gate USING (true);
CREATE POLICY verify ON exchange.supply FOR SELECT TO dancu_verify USING (true);
GRANT SELECT, INSERT, UPDATE ON exchange.supply TO dancu_gate;

GRANT CREATE ON SCHEMA exchange TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- One row by its owner and reference.
CREATE FUNCTION exchange.handed(org text, reference text)
RETURNS TABLE (ref text, kind text, digest bytea, outcome text, reasons text[], subject bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.ref, s.kind, s.digest, s.outcome, s.reasons, s.subject FROM exchange.supply s WHERE s.org_code = org AND s.ref = reference;
$$;

-- Keep what became of a row. One that was refused may be handed in again, mended; nothing else changes.
CREATE FUNCTION exchange.keep_handed(
    org text, client bigint, reference text, kind text, digest bytea, outcome text, reasons text[], subject bigint
) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO exchange.supply AS s (org_code, ref, client_no, kind, digest, outcome, reasons, subject)
    VALUES (org, reference, client, kind, digest, outcome, reasons, nullif(subject, 0))
    ON CONFLICT (org_code, ref) DO UPDATE SET kind = excluded.kind, digest = excluded.digest, outcome = excluded.outcome,
        reasons = excluded.reasons, subject = excluded.subject, at = now() WHERE s.outcome = 'refused';
$$;
REVOKE ALL ON FUNCTION exchange.handed(text, text), exchange.keep_handed(text, bigint, text, text, bytea, text, text[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.handed(text, text), exchange.keep_handed(text, bigint, text, text, bytea, text, text[], bigint) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
