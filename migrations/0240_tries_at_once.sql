-- Tries that come at the same moment saw the same room: six requests for a code at once sent five where four are allowed. Who waited at
-- a row for another's charge now looks again at what that left.
CREATE OR REPLACE FUNCTION kit.throttle_try(watched bytea[], rooms float8[], charged bytea[], costs float8[]) RETURNS float8
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE wait float8; taken integer;
BEGIN
    SELECT coalesce(max(extract(epoch FROM t.tat - clock_timestamp()) - b.room), 0) INTO wait
      FROM unnest(watched, rooms) AS b(key, room) JOIN kit.throttle t ON t.key = b.key;
    IF wait > 0 THEN RETURN wait; END IF;
    INSERT INTO kit.throttle AS t (key, tat)
    SELECT b.key, now() + make_interval(secs => b.cost) FROM unnest(charged, costs) AS b(key, cost) ORDER BY b.key
    ON CONFLICT (key) DO UPDATE SET tat = greatest(t.tat, now()) + (excluded.tat - now())
     WHERE NOT EXISTS (SELECT FROM unnest(watched, rooms) AS b(key, room)
                        WHERE b.key = t.key AND t.tat > clock_timestamp() + make_interval(secs => b.room));
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken = cardinality(charged) THEN RETURN 0; END IF;
    -- Too late: another of its buckets may be charged all the same, for it was a try.
    SELECT coalesce(max(extract(epoch FROM t.tat - clock_timestamp()) - b.room), 0) INTO wait
      FROM unnest(watched, rooms) AS b(key, room) JOIN kit.throttle t ON t.key = b.key;
    RETURN greatest(wait, 0.1);
END $$;
