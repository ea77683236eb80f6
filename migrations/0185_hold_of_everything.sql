-- A hold after an alert stopped `person.…` alone: whoever was held went on at the counter of residence, with papers of ministries, with
-- identity and with cases. It reaches everything that opens a citizen's data.

-- Does a permission open data of citizens?
CREATE FUNCTION access.of_citizens(permission text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT split_part(permission, '.', 1) = ANY ('{person,residence,paper,document,eid,case,import,break_glass}')
$$;

CREATE OR REPLACE FUNCTION access.right_of(staff_id bigint, session_hash bytea, permission text,
                                           OUT ok boolean, OUT "national" boolean, OUT areas int[])
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT true, r.national, r.areas INTO ok, "national", areas
      FROM access.session s
      JOIN access.staff_right r ON r.staff_id = s.actor_id AND r.permission = $3 AND r.until > access.today()
     WHERE s.token_hash = $2 AND s.actor_kind = 'staff' AND s.actor_id = $1 AND s.stage = 'full'
       AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen + s.idle > now()
       -- Held after an alert: nothing of citizens until it is decided or the hold runs out.
       AND NOT (access.of_citizens($3) AND EXISTS (
           SELECT FROM access.brake b WHERE b.staff_id = $1 AND b.until > now() AND b.lifted_at IS NULL));
    IF NOT FOUND THEN
        ok := false; "national" := false; areas := '{}';
    END IF;
END $$;
