-- How far the worker is, for the application's metrics: ages and counts, nothing of whom the waiting rows are about.

SET LOCAL ROLE dancu_owner;

-- Ages in seconds; NULL where nothing waits, or nothing was ever signed.
CREATE FUNCTION audit.sequencing() RETURNS TABLE (
    sequenced bigint, oldest_waiting double precision, checkpoint_age double precision, silent double precision
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT coalesce(newest.size, 0),
           extract(epoch FROM clock_timestamp() - (SELECT p.at FROM audit.pending AS p ORDER BY p.entry_id LIMIT 1))::float8,
           extract(epoch FROM clock_timestamp() - newest.at)::float8,
           CASE WHEN isfinite(s.caught_up_at) THEN extract(epoch FROM clock_timestamp() - s.caught_up_at) END::float8
    FROM audit.sequencer AS s
    LEFT JOIN LATERAL (SELECT c.size, c.at FROM audit.checkpoint AS c ORDER BY c.size DESC LIMIT 1) AS newest ON true;
$$;

-- Events numbered so far, and the age of the oldest that still waits for its number.
CREATE FUNCTION kit.dispatching() RETURNS TABLE (numbered bigint, oldest_waiting double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, kit, pg_temp AS $$
    SELECT h.seq, extract(epoch FROM clock_timestamp() - (SELECT o.at FROM kit.outbox AS o ORDER BY o.id LIMIT 1))::float8
    FROM kit.event_head AS h;
$$;

REVOKE EXECUTE ON FUNCTION audit.sequencing(), kit.dispatching() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.sequencing(), kit.dispatching() TO dancu_app, dancu_verify;
