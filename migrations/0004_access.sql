-- Access: organisations, staff, roles and jurisdiction; the catalogue of permissions and purposes as tables; sessions;
-- the functions the gate asks; break-glass. What may be done is decided from these rows by the database itself, so
-- that a bug in a page cannot widen it.

CREATE SCHEMA access;
GRANT USAGE ON SCHEMA access TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate;

-- The calendar day in Vietnam (UTC+7 all year since 1975): validity changes at midnight there, whatever the server's zone.
CREATE FUNCTION access.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((now() AT TIME ZONE 'UTC') + interval '7 hours')::date;

-- The throttle's buckets (dancu.kit.authn.throttle): a digest and the time when the bucket is full again.
CREATE TABLE kit.throttle (key bytea NOT NULL, tat timestamptz NOT NULL, CONSTRAINT throttle_pkey PRIMARY KEY (key));
GRANT SELECT, INSERT, UPDATE, DELETE ON kit.throttle TO dancu_app;
GRANT SELECT, DELETE ON kit.throttle TO dancu_worker;

-- The catalogue. Its source is dancu.access.catalogue; `migrate` writes it here, nobody else does.
CREATE TABLE access.permission (
    code text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    area_bound boolean NOT NULL,
    CONSTRAINT permission_pkey PRIMARY KEY (code)
);
CREATE TABLE access.role (
    code text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    CONSTRAINT role_pkey PRIMARY KEY (code)
);
CREATE TABLE access.role_permission (
    role text NOT NULL,
    permission text NOT NULL,
    CONSTRAINT role_permission_pkey PRIMARY KEY (role, permission),
    CONSTRAINT role_permission_role_fkey FOREIGN KEY (role) REFERENCES access.role (code),
    CONSTRAINT role_permission_permission_fkey FOREIGN KEY (permission) REFERENCES access.permission (code)
);
CREATE TABLE access.legal_basis (
    code text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    valid daterange NOT NULL CHECK (NOT isempty(valid)),
    certainty text NOT NULL CHECK (certainty IN ('verified', 'secondary', 'unverified')),
    note text NOT NULL DEFAULT '',
    CONSTRAINT legal_basis_pkey PRIMARY KEY (code)
);
CREATE TABLE access.purpose (
    code text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    ordinal int NOT NULL,
    valid daterange NOT NULL CHECK (NOT isempty(valid)),
    CONSTRAINT purpose_pkey PRIMARY KEY (code)
);
-- Purpose × permission × legal basis with the days on which all of them hold: one index probe answers the gate.
CREATE TABLE access.purpose_rule (
    purpose text NOT NULL,
    permission text NOT NULL,
    basis text NOT NULL,
    valid daterange NOT NULL CHECK (NOT isempty(valid)),
    CONSTRAINT purpose_rule_pkey PRIMARY KEY (purpose, permission, basis),
    CONSTRAINT purpose_rule_purpose_fkey FOREIGN KEY (purpose) REFERENCES access.purpose (code),
    CONSTRAINT purpose_rule_permission_fkey FOREIGN KEY (permission) REFERENCES access.permission (code),
    CONSTRAINT purpose_rule_basis_fkey FOREIGN KEY (basis) REFERENCES access.legal_basis (code)
);
GRANT SELECT ON access.permission, access.role, access.role_permission, access.legal_basis, access.purpose,
    access.purpose_rule TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate;

CREATE TABLE access.organisation (
    org_code text NOT NULL CHECK (org_code ~ '^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$'),
    name text NOT NULL CHECK (btrim(name) <> ''),
    name_en text NOT NULL DEFAULT '',
    kind text NOT NULL CHECK (kind IN ('government', 'committee', 'police', 'justice', 'one_stop', 'inspectorate',
                                       'ministry', 'enterprise', 'operator')),
    parent text,
    valid daterange NOT NULL CHECK (NOT isempty(valid)),
    CONSTRAINT organisation_pkey PRIMARY KEY (org_code),
    CONSTRAINT organisation_parent_fkey FOREIGN KEY (parent) REFERENCES access.organisation (org_code),
    CONSTRAINT organisation_not_its_own_parent CHECK (parent <> org_code)
);
CREATE INDEX organisation_parent_idx ON access.organisation (parent);

CREATE TABLE access.staff (
    staff_id bigint GENERATED ALWAYS AS IDENTITY,
    login text NOT NULL CHECK (login = lower(login) AND login ~ '^[a-z0-9][a-z0-9._-]{1,63}$'),
    display_name text NOT NULL CHECK (btrim(display_name) <> ''),
    org_code text NOT NULL,
    os_user text,
    state text NOT NULL DEFAULT 'invited' CHECK (state IN ('invited', 'active', 'inactive')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT staff_pkey PRIMARY KEY (staff_id),
    CONSTRAINT staff_login_key UNIQUE (login),
    CONSTRAINT staff_os_user_key UNIQUE (os_user),
    CONSTRAINT staff_org_fkey FOREIGN KEY (org_code) REFERENCES access.organisation (org_code)
);
CREATE INDEX staff_org_idx ON access.staff (org_code);

-- Hashes and encrypted secrets stand apart: no role of a running process may read this table, only call the functions.
CREATE TABLE access.credential (
    staff_id bigint NOT NULL,
    password_hash text,
    password_at timestamptz,
    totp_secret bytea,
    totp_step bigint,
    setup_hash bytea,
    setup_until timestamptz,
    CONSTRAINT credential_pkey PRIMARY KEY (staff_id),
    CONSTRAINT credential_staff_fkey FOREIGN KEY (staff_id) REFERENCES access.staff (staff_id)
);

-- An assignment ended before its time (`ended_at`) has no effect from that moment; `valid` keeps the days it was given for,
-- cut to the day of its end.
CREATE TABLE access.assignment (
    assignment_id bigint GENERATED ALWAYS AS IDENTITY,
    staff_id bigint NOT NULL,
    org_code text NOT NULL,
    role text NOT NULL,
    unit_ids int[] NOT NULL DEFAULT '{}',
    units_as_of date NOT NULL,
    head boolean NOT NULL DEFAULT false,
    valid daterange NOT NULL CHECK (NOT isempty(valid)),
    given_by bigint NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    ended_by bigint,
    ended_at timestamptz,
    CONSTRAINT assignment_pkey PRIMARY KEY (assignment_id),
    CONSTRAINT assignment_staff_fkey FOREIGN KEY (staff_id) REFERENCES access.staff (staff_id),
    CONSTRAINT assignment_org_fkey FOREIGN KEY (org_code) REFERENCES access.organisation (org_code),
    CONSTRAINT assignment_role_fkey FOREIGN KEY (role) REFERENCES access.role (code),
    CONSTRAINT assignment_once EXCLUDE USING gist (staff_id WITH =, org_code WITH =, role WITH =, valid WITH &&)
        WHERE (ended_at IS NULL),
    CONSTRAINT assignment_not_to_oneself CHECK (given_by <> staff_id)
);
CREATE INDEX assignment_org_idx ON access.assignment (org_code);

-- What the assignments amount to today: written by the service at each change and by the job `recompute_rights`.
-- `until` closes a right on its last day even where the job did not run.
CREATE TABLE access.staff_right (
    staff_id bigint NOT NULL,
    permission text NOT NULL,
    national boolean NOT NULL,
    areas int[] NOT NULL,
    until date NOT NULL,
    CONSTRAINT staff_right_pkey PRIMARY KEY (staff_id, permission),
    CONSTRAINT staff_right_staff_fkey FOREIGN KEY (staff_id) REFERENCES access.staff (staff_id),
    CONSTRAINT staff_right_permission_fkey FOREIGN KEY (permission) REFERENCES access.permission (code)
);

-- `actor_id` is a staff id or a citizen's person_key. Only the SHA-256 of the token is kept: a copy of the table opens
-- nothing. A session of stage 'enrol' has proved the password only and may do nothing but set up its second factor.
CREATE TABLE access.session (
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    actor_kind text NOT NULL CHECK (actor_kind IN ('staff', 'citizen')),
    actor_id bigint NOT NULL,
    org_code text NOT NULL DEFAULT '',
    stage text NOT NULL DEFAULT 'full' CHECK (stage IN ('full', 'enrol')),
    channel text NOT NULL CHECK (channel IN ('web', 'api', 'cli')),
    persona text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    idle interval NOT NULL DEFAULT '30 minutes',
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    network text NOT NULL DEFAULT '',
    agent text NOT NULL DEFAULT '',
    CONSTRAINT session_pkey PRIMARY KEY (token_hash)
) WITH (fillfactor = 70);
CREATE INDEX session_actor_idx ON access.session (actor_kind, actor_id);

CREATE TABLE access.persona (
    code text NOT NULL,
    ordinal int NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('staff', 'citizen')),
    actor_id bigint NOT NULL,
    title text NOT NULL,
    title_en text NOT NULL,
    story text NOT NULL,
    story_en text NOT NULL,
    home text NOT NULL,
    CONSTRAINT persona_pkey PRIMARY KEY (code)
);

-- Was this database made as a demonstration? The mark is written when the database is created and no role of a running
-- process can write it.
CREATE FUNCTION access.is_demo() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN EXISTS (SELECT FROM kit.setting WHERE name = 'demo' AND value = 'true'::jsonb);
REVOKE EXECUTE ON FUNCTION access.is_demo() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.is_demo() TO dancu_app, dancu_worker, dancu_import, dancu_verify;

-- A session without sign-in cannot be stored in a production database, whatever the program believes.
ALTER TABLE access.session ENABLE ROW LEVEL SECURITY;
CREATE POLICY session_demo_only_in_demo ON access.session TO dancu_app, dancu_worker
    USING (true) WITH CHECK (persona IS NULL OR access.is_demo());

CREATE SEQUENCE access.glass_id_seq;
CREATE TABLE access.break_glass (
    person_key bigint NOT NULL,
    glass_id bigint NOT NULL DEFAULT nextval('access.glass_id_seq'),
    staff_id bigint NOT NULL,
    org_code text NOT NULL,
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    case_ref text NOT NULL DEFAULT '',
    reason text NOT NULL CHECK (length(btrim(reason)) >= 20),
    opened_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '60 minutes',
    reviewed_at timestamptz,
    reviewed_by bigint,
    finding text CHECK (finding IN ('justified', 'unjustified')),
    comment text,
    CONSTRAINT break_glass_pkey PRIMARY KEY (person_key, glass_id),
    CONSTRAINT break_glass_an_hour CHECK (expires_at <= opened_at + interval '60 minutes'),
    CONSTRAINT break_glass_review_whole CHECK (
        (reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (finding IS NULL)
        AND (reviewed_at IS NULL OR length(btrim(comment)) > 0)),
    CONSTRAINT break_glass_not_reviewed_by_oneself CHECK (reviewed_by <> staff_id)
);
CREATE INDEX break_glass_glass_idx ON access.break_glass (glass_id);
CREATE INDEX break_glass_staff_idx ON access.break_glass (staff_id);

-- Who was told of what: one row per person told. `glass_id` names the break-glass; the person concerned stands there.
CREATE TABLE access.notice (
    notice_id bigint GENERATED ALWAYS AS IDENTITY,
    to_staff bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('glass_broken')),
    capacity text NOT NULL CHECK (capacity IN ('supervisor', 'auditor')),
    glass_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT notice_pkey PRIMARY KEY (notice_id),
    CONSTRAINT notice_once UNIQUE (glass_id, to_staff),
    CONSTRAINT notice_staff_fkey FOREIGN KEY (to_staff) REFERENCES access.staff (staff_id)
);
CREATE INDEX notice_to_idx ON access.notice (to_staff, notice_id DESC);

-- What the gate asks ------------------------------------------------------------------------------------------------

-- May this staff member, in this session, use this permission, and where? One probe of the session, one of the right.
-- plpgsql, because its plans stay prepared for the connection's life; `ok` is never null.
CREATE FUNCTION access.right_of(staff_id bigint, session_hash bytea, permission text,
                                OUT ok boolean, OUT "national" boolean, OUT areas int[])
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT true, r.national, r.areas INTO ok, "national", areas
      FROM access.session s
      JOIN access.staff_right r ON r.staff_id = s.actor_id AND r.permission = $3 AND r.until > access.today()
     WHERE s.token_hash = $2 AND s.actor_kind = 'staff' AND s.actor_id = $1 AND s.stage = 'full'
       AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen + s.idle > now();
    IF NOT FOUND THEN
        ok := false; "national" := false; areas := '{}';
    END IF;
END $$;

-- Is this a live session of this actor (`kind` 'staff' or 'citizen')? Tells "no session" from "no permission".
CREATE FUNCTION access.session_live(kind text, id bigint, session_hash bytea) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM access.session s
                    WHERE s.token_hash = $3 AND s.actor_kind = $1 AND s.actor_id = $2 AND s.stage = 'full'
                      AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen + s.idle > now());
END $$;

-- A citizen looks at their own record and at nobody else's.
CREATE FUNCTION access.self_of(person_key bigint, session_hash bytea) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN access.session_live('citizen', $1, $2);
END $$;

-- Does the purpose serve this permission on this day, on this legal basis? The basis is a code of the catalogue,
-- optionally followed by the article: '68/2020/QH14' or '68/2020/QH14 Điều 22'.
CREATE FUNCTION access.purpose_ok(code text, legal_basis text, on_date date, permission text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM access.purpose_rule r
                    WHERE r.purpose = $1 AND r.permission = $4 AND $3 <@ r.valid
                      AND ($2 = r.basis OR starts_with($2, r.basis || ' ')));
END $$;

-- Has this staff member broken the glass for this person within the hour?
CREATE FUNCTION access.broken_glass(staff_id bigint, person_key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM access.break_glass g
                    WHERE g.person_key = $2 AND g.staff_id = $1 AND g.opened_at <= now() AND g.expires_at > now());
END $$;

REVOKE EXECUTE ON FUNCTION access.right_of(bigint, bytea, text), access.session_live(text, bigint, bytea),
    access.self_of(bigint, bytea), access.purpose_ok(text, text, date, text), access.broken_glass(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.right_of(bigint, bytea, text), access.session_live(text, bigint, bytea),
    access.self_of(bigint, bytea), access.purpose_ok(text, text, date, text), access.broken_glass(bigint, bigint)
    TO dancu_app, dancu_gate, dancu_worker;

-- Credentials: narrow doors ------------------------------------------------------------------------------------------

-- What a sign-in must check, for one login; a row of nulls for an unknown one, so that both look alike.
CREATE FUNCTION access.credential_of(login text, OUT staff_id bigint, OUT state text, OUT display_name text,
                                     OUT org_code text, OUT password_hash text, OUT totp_secret bytea, OUT totp_step bigint,
                                     OUT setup_hash bytea, OUT setup_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.staff_id, s.state, s.display_name, s.org_code, c.password_hash, c.totp_secret, c.totp_step,
           c.setup_hash, c.setup_until
      FROM access.staff s JOIN access.credential c ON c.staff_id = s.staff_id
     WHERE s.login = $1;
$$;

-- A new one-time set-up code; the old password and second factor end with it.
CREATE FUNCTION access.reset_credential(staff_id bigint, setup_hash bytea, setup_until timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO access.credential AS c (staff_id, setup_hash, setup_until) VALUES ($1, $2, $3)
    ON CONFLICT (staff_id) DO UPDATE
       SET password_hash = NULL, password_at = NULL, totp_secret = NULL, totp_step = NULL,
           setup_hash = excluded.setup_hash, setup_until = excluded.setup_until;
$$;

CREATE FUNCTION access.set_password(staff_id bigint, password_hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE access.credential c
       SET password_hash = $2, password_at = now(), setup_hash = NULL, setup_until = NULL
     WHERE c.staff_id = $1;
$$;

CREATE FUNCTION access.set_totp(staff_id bigint, totp_secret bytea, totp_step bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE access.credential c SET totp_secret = $2, totp_step = $3 WHERE c.staff_id = $1;
$$;

-- Use up a time step: true for the first who does, false for a replay, also when both run at the same moment.
CREATE FUNCTION access.use_totp_step(staff_id bigint, step bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH used AS (
        UPDATE access.credential c SET totp_step = $2
         WHERE c.staff_id = $1 AND (c.totp_step IS NULL OR c.totp_step < $2)
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM used);
$$;

REVOKE EXECUTE ON FUNCTION access.credential_of(text), access.reset_credential(bigint, bytea, timestamptz),
    access.set_password(bigint, text), access.set_totp(bigint, bytea, bigint), access.use_totp_step(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.credential_of(text), access.reset_credential(bigint, bytea, timestamptz),
    access.set_password(bigint, text), access.set_totp(bigint, bytea, bigint), access.use_totp_step(bigint, bigint) TO dancu_app;

-- Grants: the application writes what its verbs change, column by column; what was decided is never rewritten. ---------
GRANT SELECT, INSERT ON access.organisation, access.staff, access.assignment TO dancu_app;
GRANT UPDATE (name, name_en, parent, valid) ON access.organisation TO dancu_app;
GRANT UPDATE (display_name, state, org_code) ON access.staff TO dancu_app;
GRANT UPDATE (valid, ended_by, ended_at) ON access.assignment TO dancu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON access.staff_right TO dancu_app, dancu_worker;
GRANT SELECT, INSERT ON access.session TO dancu_app;
GRANT UPDATE (last_seen, revoked_at) ON access.session TO dancu_app;
GRANT SELECT, DELETE ON access.session TO dancu_worker;
GRANT SELECT ON access.persona TO dancu_app;
GRANT SELECT, INSERT ON access.break_glass, access.notice TO dancu_app;
GRANT UPDATE (reviewed_at, reviewed_by, finding, comment) ON access.break_glass TO dancu_app;
GRANT USAGE ON SEQUENCE access.glass_id_seq TO dancu_app;
GRANT SELECT ON access.organisation, access.staff, access.assignment TO dancu_worker, dancu_verify;
GRANT SELECT ON access.organisation TO dancu_import, dancu_gate;
