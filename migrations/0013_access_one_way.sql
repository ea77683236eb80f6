-- What ended stays ended, and what was opened in an emergency is read by those who were told: both by functions, since
-- a column that a process may write it may also write back. Limits of reading and the credential's third door.

-- Sessions ------------------------------------------------------------------------------------------------------------
-- The application may make one and end one. It moves no deadline: `touch_session` notes the use of a session that is
-- alive, and an ended one has no way back.
REVOKE INSERT, UPDATE ON access.session FROM dancu_app;
REVOKE UPDATE (last_seen, revoked_at) ON access.session FROM dancu_app;
GRANT INSERT (token_hash, actor_kind, actor_id, org_code, stage, channel, persona, idle, expires_at, network, agent)
    ON access.session TO dancu_app;
-- Nobody's working day is longer; holds for rows made from now on, old ones end by themselves.
ALTER TABLE access.session ADD CONSTRAINT session_a_day_at_most
    CHECK (expires_at <= created_at + interval '24 hours' AND idle <= interval '24 hours') NOT VALID;

-- Note the use, at most once a minute; another request that does so at the same moment is not waited for.
CREATE FUNCTION access.touch_session(session_hash bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE access.session SET last_seen = now() WHERE token_hash = (
        SELECT s.token_hash FROM access.session s
         WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen + s.idle > now()
           AND s.last_seen < now() - interval '60 seconds'
           FOR UPDATE SKIP LOCKED);
$$;

-- End one session of this actor; false when it is not theirs or has ended.
CREATE FUNCTION access.revoke_session(session_hash bytea, kind text, id bigint) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH ended AS (
        UPDATE access.session SET revoked_at = now()
         WHERE token_hash = $1 AND actor_kind = $2 AND actor_id = $3 AND revoked_at IS NULL
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM ended);
$$;

-- End all sessions of this actor but one (an empty hash spares none); how many ended.
CREATE FUNCTION access.revoke_sessions(kind text, id bigint, but bytea) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH ended AS (
        UPDATE access.session SET revoked_at = now()
         WHERE actor_kind = $1 AND actor_id = $2 AND revoked_at IS NULL AND token_hash <> $3
        RETURNING 1
    ) SELECT count(*) FROM ended;
$$;

-- Credentials: the second factor alone ---------------------------------------------------------------------------------

-- Forget the second factor, keep the password: the next sign-in may do nothing but set up a new one.
CREATE FUNCTION access.forget_totp(staff_id bigint) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH forgotten AS (
        UPDATE access.credential c SET totp_secret = NULL, totp_step = NULL
         WHERE c.staff_id = $1 AND c.password_hash IS NOT NULL
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM forgotten);
$$;

-- Emergency openings ---------------------------------------------------------------------------------------------------
REVOKE SELECT, INSERT ON access.break_glass, access.notice FROM dancu_app;
REVOKE UPDATE (reviewed_at, reviewed_by, finding, comment) ON access.break_glass FROM dancu_app;
REVOKE USAGE ON SEQUENCE access.glass_id_seq FROM dancu_app;

-- Open one person for an hour and tell those named, both or neither. The right and the purpose are checked here; NULL
-- where the key names nobody. DA003 without the right, or where nobody is told.
-- population.known comes with the next migration: it is resolved when called.
CREATE FUNCTION access.open_glass(
    staff bigint, session_hash bytea, person bigint, org text, purpose text, legal_basis text, case_ref text, reason text,
    told bigint[], capacities text[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE made bigint;
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'break_glass')).ok
       OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'break_glass')
       OR coalesce(cardinality(told), 0) = 0 OR staff = ANY (told) THEN
        RAISE EXCEPTION 'no right to open in an emergency' USING ERRCODE = 'DA003';
    END IF;
    IF NOT population.known(person) THEN
        RETURN NULL;
    END IF;
    INSERT INTO access.break_glass (person_key, staff_id, org_code, purpose, legal_basis, case_ref, reason)
    VALUES (person, staff, org, purpose, legal_basis, case_ref, reason) RETURNING glass_id INTO made;
    INSERT INTO access.notice (to_staff, kind, capacity, glass_id)
    SELECT t.who, 'glass_broken', t.capacity, made FROM unnest(told, capacities) AS t(who, capacity);
    RETURN made;
END $$;

-- The openings this reviewer was told of, newest first. Each says whose record was needed and why, so that reading the
-- list is an entry about each of them: `asked` is that entry, made here and not left to the page. DA003 without the right.
CREATE FUNCTION access.openings_told(staff bigint, session_hash bytea, only_open boolean, how_many integer,
                                     asked audit.entry_in)
RETURNS SETOF access.break_glass LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found access.break_glass[];
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'break_glass.review')).ok
       OR asked.actor_id IS DISTINCT FROM staff OR asked.actor_kind IS DISTINCT FROM 'staff' THEN
        RAISE EXCEPTION 'no right to review emergency openings' USING ERRCODE = 'DA003';
    END IF;
    found := ARRAY(
        SELECT g FROM access.notice n JOIN access.break_glass g ON g.glass_id = n.glass_id
         WHERE n.to_staff = staff AND n.kind = 'glass_broken' AND (NOT only_open OR g.reviewed_at IS NULL)
         ORDER BY g.opened_at DESC, g.glass_id DESC LIMIT least(how_many, 500));
    PERFORM audit.record(ARRAY(
        SELECT ROW(asked.action, asked.actor_kind, asked.actor_id, asked.org_code, asked.purpose, asked.legal_basis,
                   asked.case_ref, shown.person_key, asked.fields, asked.request_id, asked.channel, NULL,
                   asked.note)::audit.entry_in
        FROM (SELECT DISTINCT f.person_key FROM unnest(found) AS f) AS shown));
    RETURN QUERY SELECT * FROM unnest(found);
END $$;

-- How many wait for this reviewer; nothing about anybody.
CREATE FUNCTION access.openings_waiting(staff bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM access.notice n JOIN access.break_glass g ON g.glass_id = n.glass_id
     WHERE n.to_staff = $1 AND g.reviewed_at IS NULL;
$$;

-- Decide once. Only who was told, never who opened. The person's key, or NULL when somebody was faster. DA003 without
-- the right; DA004 for an opening that this reviewer was not told of.
CREATE FUNCTION access.review_glass(staff bigint, session_hash bytea, opening bigint, decided text, remark text)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE of_whom bigint;
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'break_glass.review')).ok THEN
        RAISE EXCEPTION 'no right to review emergency openings' USING ERRCODE = 'DA003';
    END IF;
    IF NOT EXISTS (SELECT FROM access.notice n WHERE n.glass_id = opening AND n.to_staff = staff) THEN
        RAISE EXCEPTION 'no such opening for this reviewer' USING ERRCODE = 'DA004';
    END IF;
    UPDATE access.break_glass g
       SET reviewed_at = now(), reviewed_by = staff, finding = decided, comment = remark
     WHERE g.glass_id = opening AND g.reviewed_at IS NULL
    RETURNING g.person_key INTO of_whom;
    RETURN of_whom;
END $$;

-- Organisations that changed their name or whom they belong to --------------------------------------------------------

-- What an organisation was called, and whom it belonged to, before: the row of access.organisation says what holds now.
CREATE TABLE access.organisation_past (
    org_code text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    parent text,
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT upper_inf(valid)),
    changed_by bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organisation_past_org_fkey FOREIGN KEY (org_code) REFERENCES access.organisation (org_code),
    CONSTRAINT organisation_past_one_at_a_time EXCLUDE USING gist (org_code WITH =, valid WITH &&)
);
GRANT SELECT, INSERT ON access.organisation_past TO dancu_app;
GRANT SELECT ON access.organisation_past TO dancu_worker, dancu_verify;

-- Limits of reading ----------------------------------------------------------------------------------------------------

-- How many persons a role may be shown by search in an hour and in a day, and how many different ones a day its work
-- usually needs. The first three come from the catalogue at each migration; the `own_` columns are the operator's.
CREATE TABLE access.reading_limit (
    role text NOT NULL,
    persons_hour integer NOT NULL CHECK (persons_hour > 0),
    persons_day integer NOT NULL CHECK (persons_day >= persons_hour),
    usual_day integer NOT NULL CHECK (usual_day > 0),
    own_hour integer CHECK (own_hour > 0),
    own_day integer CHECK (own_day > 0),
    own_usual integer CHECK (own_usual > 0),
    CONSTRAINT reading_limit_pkey PRIMARY KEY (role),
    CONSTRAINT reading_limit_role_fkey FOREIGN KEY (role) REFERENCES access.role (code)
);
GRANT SELECT ON access.reading_limit TO dancu_app, dancu_worker, dancu_verify;

-- Persons shown by search, per staff member and ten minutes. One small row a search, and rows of more than a day go.
CREATE TABLE access.shown (
    staff_id bigint NOT NULL,
    slot timestamptz NOT NULL,
    persons integer NOT NULL,
    CONSTRAINT shown_pkey PRIMARY KEY (staff_id, slot)
) WITH (fillfactor = 70);
GRANT SELECT, DELETE ON access.shown TO dancu_worker;

-- The widest limits that today's assignments give; what the catalogue does not limit searches nothing.
CREATE FUNCTION access.reading_limit_of(staff bigint, OUT hour integer, OUT day integer, OUT usual integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(max(coalesce(l.own_hour, l.persons_hour)), 0), coalesce(max(coalesce(l.own_day, l.persons_day)), 0),
           coalesce(max(coalesce(l.own_usual, l.usual_day)), 0)
      FROM access.assignment a JOIN access.reading_limit l ON l.role = a.role
     WHERE a.staff_id = staff AND a.ended_at IS NULL AND a.valid @> access.today();
$$;

-- Seconds until this staff member may be shown more people by search; 0 when now. `period`: which limit was reached.
CREATE FUNCTION access.search_wait(staff bigint, OUT seconds integer, OUT period text, OUT allowed integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    l record;
    until timestamptz;
    moment timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO l FROM access.reading_limit_of(staff);
    -- The newest slot down to which the sum reaches the limit: room comes when it leaves the window.
    SELECT max(s.slot) + interval '24 hours' INTO until
      FROM (SELECT w.slot, sum(w.persons) OVER (ORDER BY w.slot DESC) AS reached FROM access.shown w
             WHERE w.staff_id = staff AND w.slot > moment - interval '24 hours') AS s WHERE s.reached >= l.day;
    IF until IS NOT NULL OR l.day = 0 THEN
        seconds := greatest(1, ceil(extract(epoch FROM coalesce(until - moment, interval '24 hours'))))::integer;
        period := 'day'; allowed := l.day;
        RETURN;
    END IF;
    SELECT max(s.slot) + interval '1 hour' INTO until
      FROM (SELECT w.slot, sum(w.persons) OVER (ORDER BY w.slot DESC) AS reached FROM access.shown w
             WHERE w.staff_id = staff AND w.slot > moment - interval '1 hour') AS s WHERE s.reached >= l.hour;
    seconds := CASE WHEN until IS NULL THEN 0 ELSE greatest(1, ceil(extract(epoch FROM until - moment)))::integer END;
    period := CASE WHEN until IS NULL THEN NULL ELSE 'hour' END;
    allowed := l.hour;
END $$;

CREATE FUNCTION access.count_shown(staff bigint, persons integer) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO access.shown AS s (staff_id, slot, persons)
    VALUES ($1, date_bin('10 minutes', clock_timestamp(), '2000-01-01 00:00Z'), $2)
    ON CONFLICT (staff_id, slot) DO UPDATE SET persons = s.persons + excluded.persons;
$$;

REVOKE EXECUTE ON FUNCTION access.touch_session(bytea), access.revoke_session(bytea, text, bigint),
    access.revoke_sessions(text, bigint, bytea), access.forget_totp(bigint),
    access.open_glass(bigint, bytea, bigint, text, text, text, text, text, bigint[], text[]),
    access.openings_told(bigint, bytea, boolean, integer, audit.entry_in), access.openings_waiting(bigint),
    access.review_glass(bigint, bytea, bigint, text, text), access.reading_limit_of(bigint), access.search_wait(bigint),
    access.count_shown(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.touch_session(bytea), access.revoke_session(bytea, text, bigint),
    access.revoke_sessions(text, bigint, bytea), access.forget_totp(bigint),
    access.open_glass(bigint, bytea, bigint, text, text, text, text, text, bigint[], text[]),
    access.openings_told(bigint, bytea, boolean, integer, audit.entry_in), access.openings_waiting(bigint),
    access.review_glass(bigint, bytea, bigint, text, text), access.search_wait(bigint) TO dancu_app;
GRANT EXECUTE ON FUNCTION access.search_wait(bigint), access.count_shown(bigint, integer) TO dancu_gate;
GRANT EXECUTE ON FUNCTION access.reading_limit_of(bigint) TO dancu_app, dancu_gate;

-- Unusual reading, for auditors ------------------------------------------------------------------------------------------
CREATE SCHEMA monitoring;
GRANT USAGE ON SCHEMA monitoring TO dancu_app, dancu_worker, dancu_verify;

-- From when on something is shown to the auditor. Changed by the operator; never a judgement, only a reason to ask.
CREATE TABLE monitoring.threshold (
    code text NOT NULL,
    value numeric NOT NULL CHECK (value >= 0),
    meaning text NOT NULL,
    CONSTRAINT threshold_pkey PRIMARY KEY (code)
);
INSERT INTO monitoring.threshold VALUES
    ('many_persons.times', 2, 'different persons seen, as a multiple of what the role usually needs in the period''s days'),
    ('same_person.staff', 5, 'staff members who saw one and the same person'),
    ('off_hours.reads', 10, 'persons seen outside office hours by one staff member'),
    ('off_hours.opens', 7, 'first office hour of a working day, Vietnam time'),
    ('off_hours.closes', 19, 'hour at which the office day ends'),
    ('refusals.count', 15, 'refused looks of one staff member'),
    ('exported.persons', 1, 'persons exported by one staff member');
GRANT SELECT ON monitoring.threshold TO dancu_app, dancu_verify;

-- What stands out between two moments: staff members and counts, never whom they looked at. The look at it is an entry
-- (`asked`). Bounded to 31 days and 100 rows a kind. DA003 without audit.read.
-- many_persons, off_hours, refusals, exported: `staff_id`, how many, from which number on it is shown.
-- same_person: NULL, how many staff members, from when on, and who. break_glass: `staff_id`, openings, still to review.
CREATE FUNCTION monitoring.unusual(staff bigint, session_hash bytea, asked audit.entry_in, since timestamptz, until timestamptz)
RETURNS TABLE (kind text, staff_id bigint, counted bigint, mark bigint, who bigint[], first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    t jsonb := (SELECT jsonb_object_agg(h.code, h.value) FROM monitoring.threshold h);
    days numeric := greatest(1, ceil(extract(epoch FROM until - since) / 86400));
BEGIN
    IF NOT (access.right_of(staff, session_hash, 'audit.read')).ok
       OR asked.actor_id IS DISTINCT FROM staff OR asked.actor_kind IS DISTINCT FROM 'staff' THEN
        RAISE EXCEPTION 'no right to read the evidence log' USING ERRCODE = 'DA003';
    END IF;
    IF until - since > interval '31 days' OR since >= until THEN
        RAISE EXCEPTION 'period of at most 31 days' USING ERRCODE = '22023';
    END IF;
    PERFORM audit.record(ARRAY[asked]);
    RETURN QUERY
    WITH seen AS MATERIALIZED (
        SELECT c.actor_id, c.subject, c.action, c.at,
               extract(isodow FROM c.at AT TIME ZONE 'UTC' + interval '7 hours') >= 6
               OR extract(hour FROM c.at AT TIME ZONE 'UTC' + interval '7 hours') < (t->>'off_hours.opens')::numeric
               OR extract(hour FROM c.at AT TIME ZONE 'UTC' + interval '7 hours') >= (t->>'off_hours.closes')::numeric AS late
          FROM audit.content c
         WHERE c.at >= since AND c.at < until AND c.actor_kind = 'staff' AND c.erased_by IS NULL
           AND c.action IN ('read', 'search', 'denied', 'export')
    )
    (SELECT 'many_persons', s.actor_id, s.n, s.mark, NULL::bigint[], s.first_at, s.last_at
       FROM (SELECT g.*, ceil((access.reading_limit_of(g.actor_id)).usual * days * (t->>'many_persons.times')::numeric)::bigint AS mark
               FROM (SELECT x.actor_id, count(DISTINCT x.subject) AS n, min(x.at) AS first_at, max(x.at) AS last_at
                       FROM seen x WHERE x.action IN ('read', 'search') AND x.subject IS NOT NULL GROUP BY x.actor_id) AS g) AS s
      WHERE s.mark > 0 AND s.n >= s.mark ORDER BY s.n DESC, s.actor_id LIMIT 100)
    UNION ALL
    (SELECT 'same_person', NULL, count(DISTINCT x.actor_id), (t->>'same_person.staff')::bigint,
            array_agg(DISTINCT x.actor_id), min(x.at), max(x.at)
       FROM seen x WHERE x.action IN ('read', 'search') AND x.subject IS NOT NULL GROUP BY x.subject
     HAVING count(DISTINCT x.actor_id) >= (t->>'same_person.staff')::bigint
      ORDER BY 3 DESC, max(x.at) DESC LIMIT 100)
    UNION ALL
    (SELECT 'off_hours', x.actor_id, count(DISTINCT x.subject), (t->>'off_hours.reads')::bigint, NULL, min(x.at), max(x.at)
       FROM seen x WHERE x.late AND x.action IN ('read', 'search') AND x.subject IS NOT NULL GROUP BY x.actor_id
     HAVING count(DISTINCT x.subject) >= (t->>'off_hours.reads')::bigint ORDER BY 3 DESC, x.actor_id LIMIT 100)
    UNION ALL
    (SELECT 'refusals', x.actor_id, count(*), (t->>'refusals.count')::bigint, NULL, min(x.at), max(x.at)
       FROM seen x WHERE x.action = 'denied' GROUP BY x.actor_id
     HAVING count(*) >= (t->>'refusals.count')::bigint ORDER BY 3 DESC, x.actor_id LIMIT 100)
    UNION ALL
    (SELECT 'exported', x.actor_id, count(DISTINCT x.subject), (t->>'exported.persons')::bigint, NULL, min(x.at), max(x.at)
       FROM seen x WHERE x.action = 'export' AND x.subject IS NOT NULL GROUP BY x.actor_id
     HAVING count(DISTINCT x.subject) >= (t->>'exported.persons')::bigint ORDER BY 3 DESC, x.actor_id LIMIT 100)
    UNION ALL
    (SELECT 'break_glass', g.staff_id, count(*), count(*) FILTER (WHERE g.reviewed_at IS NULL), NULL,
            min(g.opened_at), max(g.opened_at)
       FROM access.break_glass g WHERE g.opened_at >= since AND g.opened_at < until GROUP BY g.staff_id
      ORDER BY 3 DESC, g.staff_id LIMIT 100);
END $$;
REVOKE EXECUTE ON FUNCTION monitoring.unusual(bigint, bytea, audit.entry_in, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring.unusual(bigint, bytea, audit.entry_in, timestamptz, timestamptz) TO dancu_app;
