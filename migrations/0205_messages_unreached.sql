-- For metrics and the doctor: by channel, messages of the last day that did not reach their address, those that wait longer than
-- they should (a quarter of an hour), and the age of the oldest that waits. Numbers alone: no address, no person.
CREATE FUNCTION kit.unreached() RETURNS TABLE (channel text, failed bigint, sent bigint, late bigint, oldest double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.channel, count(*) FILTER (WHERE m.state IN ('failed', 'expired')),
           count(*) FILTER (WHERE m.state IN ('sent', 'delivered')),
           count(*) FILTER (WHERE m.state = 'queued' AND m.created_at < now() - interval '15 minutes'),
           coalesce(extract(epoch FROM now() - min(m.created_at) FILTER (WHERE m.state = 'queued')), 0)::double precision
      FROM kit.message m
     WHERE m.created_at > now() - interval '1 day' OR m.state = 'queued'
     GROUP BY m.channel ORDER BY m.channel;
$$;
REVOKE EXECUTE ON FUNCTION kit.unreached() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.unreached() TO dancu_app, dancu_verify;
