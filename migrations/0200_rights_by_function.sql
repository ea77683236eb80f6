-- What staff may do is written by functions alone. `access.staff_right` is worked out here from assignments, roles and the
-- units of today; assignments and staff are added, ended and stopped through functions of the gate's role that hold the
-- rules (who may give what to whom) and write the entry themselves. No login role may write these tables any more.

-- Roles that are held alone (watching and administering): from the catalogue, like the rest of the row.
ALTER TABLE access.role ADD COLUMN alone boolean NOT NULL DEFAULT false;
UPDATE access.role SET alone = true WHERE code IN ('auditor', 'admin', 'data_protection_officer');

-- Units through time, as dancu.territory.gazetteer walks them --------------------------------------------------------

-- A unit of the day and those above it on that day; where a parent has ended, the one unit of its level that took it over.
CREATE FUNCTION territory.with_above(unit integer, day date) RETURNS integer[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found integer[] := '{}'; above integer := unit; heirs integer[];
BEGIN
    WHILE above IS NOT NULL LOOP
        found := found || above;
        SELECT array_agg(l) INTO heirs
          FROM territory.unit u JOIN territory.unit p ON p.unit_id = u.parent_id
          CROSS JOIN LATERAL territory.lives_on(p.unit_id, day) AS l JOIN territory.unit h ON h.unit_id = l AND h.level = p.level
         WHERE u.unit_id = above;
        above := CASE WHEN cardinality(heirs) = 1 THEN heirs[1] END;
    END LOOP;
    RETURN found;
END $$;
-- Units directly below on the day, also those that kept their row while the one above changed its name or was merged.
CREATE FUNCTION territory.below(unit integer, day date) RETURNS SETOF integer
LANGUAGE sql ROWS 20 STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE was AS (
        SELECT u.unit_id, u.level FROM territory.unit u WHERE u.unit_id = $1
        UNION
        SELECT p.unit_id, p.level FROM was JOIN territory.succession s ON s.successor_id = was.unit_id
          JOIN territory.unit p ON p.unit_id = s.predecessor_id AND p.level = was.level
    ), below AS MATERIALIZED (
        SELECT c.unit_id FROM was JOIN territory.unit c ON c.parent_id = was.unit_id WHERE c.valid @> $2
    ) SELECT unit_id FROM below WHERE (territory.with_above(unit_id, $2))[2] = $1;
$$;

-- The units valid on the day that the unit lives on in: itself while valid, its successors, the communes of a former
-- district; none where it is not made yet. A unit that the tables do not know gives none: an empty area sees nobody.
CREATE FUNCTION territory.lives_on(unit integer, day date) RETURNS SETOF integer
LANGUAGE plpgsql STABLE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    queue integer[] := ARRAY[unit]; seen integer[] := '{}'; heirs integer[]; one integer; days daterange;
BEGIN
    WHILE cardinality(queue) > 0 LOOP
        one := queue[1]; queue := queue[2:];
        CONTINUE WHEN one = ANY (seen);
        seen := seen || one;
        SELECT u.valid INTO days FROM territory.unit u WHERE u.unit_id = one;
        CONTINUE WHEN NOT FOUND;
        IF upper_inf(days) OR day < upper(days) THEN
            IF days @> day THEN RETURN NEXT one; END IF;
            CONTINUE;
        END IF;
        heirs := ARRAY(SELECT s.successor_id FROM territory.succession s WHERE s.predecessor_id = one);
        IF heirs = '{}' THEN  -- a district ended by the reform
            heirs := ARRAY(SELECT territory.below(one, upper(days) - 1));
        END IF;
        queue := queue || array_remove(heirs, NULL);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION territory.lives_on(integer, date), territory.with_above(integer, date),
    territory.below(integer, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION territory.lives_on(integer, date), territory.with_above(integer, date),
    territory.below(integer, date) TO dancu_gate;
GRANT SELECT ON territory.unit, territory.succession TO dancu_gate;

-- The functions ---------------------------------------------------------------------------------------------------
GRANT SELECT ON access.staff, access.assignment, access.staff_right, access.organisation TO dancu_gate;
GRANT INSERT ON access.staff, access.assignment TO dancu_gate;
GRANT UPDATE (state) ON access.staff TO dancu_gate;
GRANT UPDATE (valid, ended_by, ended_at) ON access.assignment TO dancu_gate;
GRANT INSERT, UPDATE, DELETE ON access.staff_right TO dancu_gate;
GRANT EXECUTE ON FUNCTION access.revoke_sessions(text, bigint, bytea) TO dancu_gate;
GRANT CREATE ON SCHEMA access TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Make one person's rights equal to what the assignments in force amount to today; true when anything changed. It takes
-- nothing but the person, so anybody may call it: it can give nothing that was not assigned.
CREATE FUNCTION access.refresh_rights(staff bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE gone bigint; written bigint; day date := access.today();
BEGIN
    -- Two changes of one person's assignments stay apart, so that the later one sees the earlier one's.
    PERFORM pg_advisory_xact_lock(hashtextextended('access.staff', staff));
    WITH held AS MATERIALIZED (
        SELECT a.role, coalesce(upper(a.valid), '9999-12-31') AS until,
               ARRAY(SELECT l FROM unnest(a.unit_ids) AS u CROSS JOIN LATERAL territory.lives_on(u, day) AS l) AS areas
          FROM access.assignment a JOIN access.staff s ON s.staff_id = a.staff_id AND s.state <> 'inactive'
         WHERE a.staff_id = staff AND a.ended_at IS NULL AND a.valid @> day
    ), wanted AS MATERIALIZED (
        SELECT p.code AS permission, NOT p.area_bound AS everywhere, min(h.until) AS until,
               ARRAY(SELECT DISTINCT l FROM held o JOIN access.role_permission q ON q.role = o.role AND q.permission = p.code
                     CROSS JOIN LATERAL unnest(o.areas) AS l ORDER BY l) AS areas
          FROM held h JOIN access.role_permission g ON g.role = h.role JOIN access.permission p ON p.code = g.permission
         GROUP BY p.code, p.area_bound
    ), cleared AS (
        DELETE FROM access.staff_right r
         WHERE r.staff_id = staff AND NOT EXISTS (SELECT FROM wanted w WHERE w.permission = r.permission) RETURNING 1
    ), put AS (
        INSERT INTO access.staff_right AS r (staff_id, permission, "national", areas, until)
        SELECT staff, w.permission, w.everywhere, w.areas, w.until FROM wanted w
        ON CONFLICT (staff_id, permission) DO UPDATE
           SET "national" = excluded."national", areas = excluded.areas, until = excluded.until
         WHERE (r."national", r.areas, r.until) IS DISTINCT FROM (excluded."national", excluded.areas, excluded.until)
        RETURNING 1
    ) SELECT (SELECT count(*) FROM cleared), (SELECT count(*) FROM put) INTO gone, written;
    RETURN gone + written > 0;
END $$;

-- Refuse with a name that the program has a sentence for (access.store.constraints).
CREATE FUNCTION access.refuse(rule text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'refused: %', rule USING ERRCODE = 'DA003', CONSTRAINT = rule;
END $$;

-- Is there somebody who administers access, today or from a later day?
CREATE FUNCTION access.any_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM access.assignment a
          JOIN access.staff s USING (staff_id)
          JOIN access.role_permission p ON p.role = a.role AND p.permission = 'access.admin'
         WHERE s.state <> 'inactive' AND a.ended_at IS NULL AND (upper_inf(a.valid) OR upper(a.valid) > access.today()));
$$;

-- Who acts administers this organisation or one above it, by a live session. Nobody's session (`by` 0) is the operator of
-- an installation that has no administrator yet, or the database administrator who makes a demonstration.
CREATE FUNCTION access.check_admin(asked audit.entry_in, session_hash bytea, org text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF asked.actor_kind = 'system' AND asked.actor_id = 0 THEN
        IF access.any_admin() AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = session_user) THEN
            PERFORM access.refuse('admin_missing');
        END IF;
        RETURN;
    END IF;
    IF asked.actor_kind <> 'staff' OR NOT (access.right_of(asked.actor_id, session_hash, 'access.admin')).ok THEN
        PERFORM access.refuse('admin_missing');
    END IF;
    IF NOT EXISTS (
        WITH RECURSIVE up AS (
            SELECT o.org_code, o.parent FROM access.organisation o WHERE o.org_code = org
            UNION SELECT o.org_code, o.parent FROM access.organisation o JOIN up ON o.org_code = up.parent
        ) SELECT FROM up JOIN access.assignment a ON a.org_code = up.org_code
            JOIN access.role_permission p ON p.role = a.role AND p.permission = 'access.admin'
           WHERE a.staff_id = asked.actor_id AND a.ended_at IS NULL AND a.valid @> access.today()) THEN
        PERFORM access.refuse('organisation_out_of_reach');
    END IF;
END $$;

CREATE FUNCTION access.check_admin_of(asked audit.entry_in, session_hash bytea, staff bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM access.staff s WHERE s.staff_id = staff) THEN
        PERFORM access.refuse('assignment_staff_fkey');
    END IF;
    PERFORM access.check_admin(asked, session_hash, (SELECT s.org_code FROM access.staff s WHERE s.staff_id = staff));
END $$;

-- An administrator with an area gives only units inside it, as they stand today.
CREATE FUNCTION access.check_units(by bigint, units integer[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE own integer[] := '{}'; held integer[]; day date := access.today();
BEGIN
    FOR held IN SELECT a.unit_ids FROM access.assignment a
                  JOIN access.role_permission p ON p.role = a.role AND p.permission = 'access.admin'
                 WHERE a.staff_id = by AND a.ended_at IS NULL AND a.valid @> day LOOP
        IF held = '{}' THEN RETURN; END IF;  -- the whole country
        own := own || ARRAY(SELECT l FROM unnest(held) AS o CROSS JOIN LATERAL territory.lives_on(o, day) AS l);
    END LOOP;
    IF EXISTS (SELECT FROM unnest(units) AS g CROSS JOIN LATERAL territory.lives_on(g, day) AS l
                WHERE NOT territory.with_above(l, day) && own) THEN
        PERFORM access.refuse('units_out_of_reach');
    END IF;
END $$;

-- `asked` says who acts (actor, purpose, request); what was done is noted here, not by the caller.
CREATE FUNCTION access.note_change(asked audit.entry_in, note jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM audit.record(ARRAY[ROW('system', asked.actor_kind, asked.actor_id, asked.org_code, asked.purpose, asked.legal_basis,
        asked.case_ref, NULL, ARRAY['access'], asked.request_id, asked.channel, NULL, note)::audit.entry_in]);
END $$;

-- A new staff member with a one-time set-up code (its digest), not active before password and second factor are set up.
CREATE FUNCTION access.add_staff(asked audit.entry_in, session_hash bytea, login text, display_name text, org text, os_user text,
                                 setup_hash bytea, setup_until timestamptz)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE made bigint;
BEGIN
    PERFORM access.check_admin(asked, session_hash, org);
    INSERT INTO access.staff AS s (login, display_name, org_code, os_user, state) VALUES ($3, $4, $5, $6, 'invited')
    RETURNING s.staff_id INTO made;
    PERFORM access.reset_credential(made, setup_hash, setup_until);
    PERFORM access.note_change(asked, jsonb_build_object('verb', 'access.staff.add', 'staff_id', made, 'org_code', org));
    RETURN made;
END $$;

-- Give a role: never to oneself, within reach and area, and a role that is held alone beside no other.
CREATE FUNCTION access.assign(asked audit.entry_in, session_hash bytea, staff bigint, org text, role text, units integer[],
                              units_as_of date, days daterange, head boolean)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE made bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('access.staff', staff));
    PERFORM access.check_admin_of(asked, session_hash, staff);
    PERFORM access.check_admin(asked, session_hash, org);
    IF asked.actor_id = staff THEN
        PERFORM access.refuse('assignment_not_to_oneself');
    END IF;
    IF asked.actor_kind = 'staff' THEN
        PERFORM access.check_units(asked.actor_id, units);
    END IF;
    IF EXISTS (SELECT FROM access.assignment a JOIN access.role o ON o.code = a.role JOIN access.role n ON n.code = $5
                WHERE a.staff_id = staff AND a.ended_at IS NULL AND a.valid && days AND a.role <> $5 AND (o.alone OR n.alone)) THEN
        PERFORM access.refuse('assignment_exclusive');
    END IF;
    INSERT INTO access.assignment AS a (staff_id, org_code, role, unit_ids, units_as_of, valid, head, given_by)
    VALUES (staff, org, $5, ARRAY(SELECT DISTINCT u FROM unnest(units) AS u ORDER BY u), $7, days, $9, asked.actor_id)
    RETURNING a.assignment_id INTO made;
    PERFORM access.refresh_rights(staff);
    PERFORM access.note_change(asked, jsonb_build_object('verb', 'access.assign', 'staff_id', staff, 'role', $5, 'org_code', org,
        'units', to_jsonb(ARRAY(SELECT DISTINCT u FROM unnest(units) AS u ORDER BY u)), 'head', $9));
    RETURN made;
END $$;

-- End assignments of one person now. `valid` is cut to today; what began today keeps the day, since an empty range would
-- hide that it was ever given.
CREATE FUNCTION access.end_now(which bigint[], by bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    UPDATE access.assignment a
       SET valid = valid * daterange(NULL, greatest(access.today(), lower(valid) + 1)), ended_at = now(), ended_by = by
     WHERE a.assignment_id = ANY (which) AND a.ended_at IS NULL;
$$;

CREATE FUNCTION access.end_assignment(asked audit.entry_in, session_hash bytea, which bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE held record;
BEGIN
    SELECT a.staff_id, a.role, s.org_code INTO held
      FROM access.assignment a JOIN access.staff s USING (staff_id) WHERE a.assignment_id = which;
    PERFORM access.check_admin(asked, session_hash, held.org_code);
    PERFORM access.end_now(ARRAY[which], asked.actor_id);
    PERFORM access.refresh_rights(held.staff_id);
    PERFORM access.note_change(asked,
        jsonb_build_object('verb', 'access.assignment.end', 'staff_id', held.staff_id, 'role', held.role));
END $$;

-- Stop somebody's work from now: open assignments, rights, sessions.
CREATE FUNCTION access.deactivate(asked audit.entry_in, session_hash bytea, staff bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.check_admin_of(asked, session_hash, staff);
    PERFORM access.end_now(ARRAY(SELECT a.assignment_id FROM access.assignment a WHERE a.staff_id = staff AND a.ended_at IS NULL
                                  AND (upper_inf(a.valid) OR upper(a.valid) > access.today())), asked.actor_id);
    UPDATE access.staff s SET state = 'inactive' WHERE s.staff_id = staff;
    PERFORM access.refresh_rights(staff);
    PERFORM access.revoke_sessions('staff', staff, ''::bytea);
    PERFORM access.note_change(asked, jsonb_build_object('verb', 'access.staff.deactivate', 'staff_id', staff));
END $$;

-- Forget password and second factor, end all sessions, and take a new one-time set-up code (its digest).
CREATE FUNCTION access.reset_staff(asked audit.entry_in, session_hash bytea, staff bigint, setup_hash bytea, setup_until timestamptz)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.check_admin_of(asked, session_hash, staff);
    PERFORM access.reset_credential(staff, setup_hash, setup_until);
    UPDATE access.staff s SET state = 'invited' WHERE s.staff_id = staff AND s.state <> 'inactive';
    PERFORM access.revoke_sessions('staff', staff, ''::bytea);
    PERFORM access.note_change(asked, jsonb_build_object('verb', 'access.staff.reset', 'staff_id', staff));
END $$;

REVOKE EXECUTE ON FUNCTION access.refresh_rights(bigint), access.refuse(text), access.any_admin(),
    access.check_admin(audit.entry_in, bytea, text), access.check_admin_of(audit.entry_in, bytea, bigint), access.check_units(bigint, integer[]),
    access.note_change(audit.entry_in, jsonb), access.end_now(bigint[], bigint),
    access.add_staff(audit.entry_in, bytea, text, text, text, text, bytea, timestamptz),
    access.assign(audit.entry_in, bytea, bigint, text, text, integer[], date, daterange, boolean),
    access.end_assignment(audit.entry_in, bytea, bigint), access.deactivate(audit.entry_in, bytea, bigint),
    access.reset_staff(audit.entry_in, bytea, bigint, bytea, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.refresh_rights(bigint) TO dancu_app, dancu_worker, dancu_owner;
GRANT EXECUTE ON FUNCTION access.any_admin(), access.add_staff(audit.entry_in, bytea, text, text, text, text, bytea, timestamptz),
    access.assign(audit.entry_in, bytea, bigint, text, text, integer[], date, daterange, boolean),
    access.end_assignment(audit.entry_in, bytea, bigint), access.deactivate(audit.entry_in, bytea, bigint),
    access.reset_staff(audit.entry_in, bytea, bigint, bytea, timestamptz) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA access FROM dancu_gate;

-- The first code of the second factor makes an invited account active; nobody writes the state by hand.
CREATE OR REPLACE FUNCTION access.set_totp(staff_id bigint, totp_secret bytea, totp_step bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE access.credential c SET totp_secret = $2, totp_step = $3 WHERE c.staff_id = $1;
    UPDATE access.staff s SET state = 'active' WHERE s.staff_id = $1 AND s.state = 'invited';
$$;

-- A set-up code comes with a new account or with reset_staff; the bare door is no longer the application's.
REVOKE EXECUTE ON FUNCTION access.reset_credential(bigint, bytea, timestamptz) FROM dancu_app;
GRANT EXECUTE ON FUNCTION access.reset_credential(bigint, bytea, timestamptz) TO dancu_gate;

REVOKE INSERT, UPDATE, DELETE ON access.staff_right FROM dancu_app, dancu_worker;
REVOKE INSERT ON access.staff, access.assignment FROM dancu_app;
REVOKE UPDATE (display_name, state, org_code) ON access.staff FROM dancu_app;
REVOKE UPDATE (valid, ended_by, ended_at) ON access.assignment FROM dancu_app;

-- Functions are made and replaced in a migration alone, which gives the gate's role the schema for as long as it needs it.
REVOKE CREATE ON SCHEMA population, quality, oidc FROM dancu_gate;
