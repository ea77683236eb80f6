-- role: admin
-- Reference samples of faces and fingers, under a login role of their own, and orders of ID cards.
--
-- Samples are written through one function and read through another, each of which records who did it; the table's
-- contents are readable to dancu_biometric alone, and only for persons it opened. No index touches a sample: they are
-- compared one to one, never searched.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dancu_biometric') THEN CREATE ROLE dancu_biometric LOGIN; END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO dancu_biometric', current_database());
END $$;

SET LOCAL ROLE dancu_owner;
CREATE SCHEMA cards;
GRANT USAGE ON SCHEMA cards TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate, dancu_biometric;

CREATE FUNCTION cards.opened() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('dancu.references', true), ''), '{}')::bigint[];

-- `position`: 0 for a face, 1 to 10 for a finger (ISO/IEC 19794-2). `image` and `template` are encrypted by the
-- application with the keys of biometrics; `engine` made the template. A sample that is replaced is retired, not changed.
CREATE TABLE cards.reference (
    person_key bigint NOT NULL,
    reference_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('face', 'finger')),
    "position" smallint NOT NULL CHECK ("position" BETWEEN 0 AND 10),
    image bytea NOT NULL,
    template bytea NOT NULL,
    engine text NOT NULL,
    source text NOT NULL CHECK (source IN ('card', 'counter', 'doorstep', 'online', 'demo')),
    taken_on date NOT NULL,
    demo boolean NOT NULL DEFAULT false,
    kept_at timestamptz NOT NULL DEFAULT now(),
    entry_id bigint NOT NULL,
    retired_at timestamptz,
    CONSTRAINT reference_pkey PRIMARY KEY (person_key, reference_id),
    CONSTRAINT reference_position CHECK ((kind = 'face') = ("position" = 0)),
    CONSTRAINT reference_demo_is_labelled CHECK (source <> 'demo' OR demo)
);
CREATE UNIQUE INDEX reference_in_force ON cards.reference (person_key, kind, "position") WHERE retired_at IS NULL;
ALTER TABLE cards.reference ENABLE ROW LEVEL SECURITY;
ALTER TABLE cards.reference FORCE ROW LEVEL SECURITY;
CREATE POLICY biometric ON cards.reference FOR SELECT TO dancu_biometric USING (person_key = ANY (cards.opened()));
CREATE POLICY gate ON cards.reference TO dancu_gate USING (true);
GRANT SELECT ON cards.reference TO dancu_biometric;
-- The functions below add and retire samples and say that there is one; what is in a sample they cannot read.
GRANT SELECT (person_key, reference_id, kind, "position", source, taken_on, demo, retired_at) ON cards.reference TO dancu_gate;
GRANT INSERT, UPDATE (retired_at) ON cards.reference TO dancu_gate;

-- Orders of cards. `areas` are the person's when it was ordered: whose desk it is on.
CREATE TABLE cards.card_order (
    person_key bigint NOT NULL,
    order_id bigint GENERATED ALWAYS AS IDENTITY,
    reason text NOT NULL CHECK (reason IN ('first', 'age', 'lost', 'damaged', 'changed')),
    state text NOT NULL DEFAULT 'ordered' CHECK (state IN ('ordered', 'produced', 'delivered', 'active', 'cancelled')),
    office text NOT NULL DEFAULT '',
    areas integer[] NOT NULL,
    org_code text NOT NULL,
    ordered_by bigint NOT NULL,
    ordered_at timestamptz NOT NULL DEFAULT now(),
    case_ref text NOT NULL DEFAULT '',
    number text NOT NULL,
    issued_on date,
    expires_on date,
    produced_at timestamptz,
    delivered_at timestamptz,
    delivered_by bigint,
    activated_at timestamptz,
    cancelled_at timestamptz,
    CONSTRAINT card_order_pkey PRIMARY KEY (person_key, order_id),
    CONSTRAINT card_order_produced CHECK (state IN ('ordered', 'cancelled') OR (issued_on IS NOT NULL AND produced_at IS NOT NULL)),
    CONSTRAINT card_order_delivered CHECK (state NOT IN ('delivered', 'active') OR delivered_at IS NOT NULL),
    CONSTRAINT card_order_active CHECK (state <> 'active' OR activated_at IS NOT NULL)
);
CREATE UNIQUE INDEX card_order_one_open ON cards.card_order (person_key) WHERE state IN ('ordered', 'produced', 'delivered');
CREATE INDEX card_order_desk_idx ON cards.card_order USING gin (areas) WHERE state IN ('ordered', 'produced', 'delivered');
ALTER TABLE cards.card_order ENABLE ROW LEVEL SECURITY;
ALTER TABLE cards.card_order FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON cards.card_order TO dancu_app
    USING (person_key = ANY (COALESCE(NULLIF(current_setting('dancu.subjects', true), ''), '{}')::bigint[]));
CREATE POLICY worker ON cards.card_order TO dancu_worker USING (true);
CREATE POLICY gate ON cards.card_order FOR SELECT TO dancu_gate USING (true);
CREATE POLICY verify ON cards.card_order FOR SELECT TO dancu_verify USING (true);
GRANT SELECT, INSERT ON cards.card_order TO dancu_app;
GRANT UPDATE (state, delivered_at, delivered_by, activated_at, cancelled_at) ON cards.card_order TO dancu_app;
GRANT SELECT, UPDATE (state, issued_on, expires_on, produced_at) ON cards.card_order TO dancu_worker;
GRANT SELECT ON cards.card_order TO dancu_gate, dancu_verify;
GRANT CREATE ON SCHEMA cards TO dancu_gate;

SET LOCAL ROLE dancu_gate;

-- Keep a sample; the one before it of the same kind and position is retired. Returns the entry that witnesses it.
CREATE FUNCTION cards.keep(
    actor_kind text, actor_id bigint, org_code text, purpose text, legal_basis text, case_ref text, request_id text, channel text,
    person bigint, sample_kind text, at_position smallint, sample_image bytea, sample_template bytea, made_by text,
    sample_source text, sample_taken_on date, is_demo boolean
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    ids := audit.record(ARRAY[
        ROW('write', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, person, ARRAY[sample_kind], request_id,
            channel, NULL, jsonb_build_object('verb', 'keep_reference', 'source', sample_source))::audit.entry_in]);
    UPDATE cards.reference r SET retired_at = now()
     WHERE r.person_key = person AND r.kind = sample_kind AND r."position" = at_position AND r.retired_at IS NULL;
    INSERT INTO cards.reference (person_key, kind, "position", image, template, engine, source, taken_on, demo, entry_id)
    VALUES (person, sample_kind, at_position, sample_image, sample_template, made_by, sample_source, sample_taken_on, is_demo, ids[1]);
    RETURN ids[1];
END $$;

-- Open one person's samples to this transaction, on the record.
CREATE FUNCTION cards.open_references(
    actor_kind text, actor_id bigint, org_code text, purpose text, legal_basis text, case_ref text, request_id text, channel text,
    person bigint, sample_kind text
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    ids := audit.record(ARRAY[
        ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, person, ARRAY[sample_kind], request_id,
            channel, NULL, '{"verb": "compare_reference"}'::jsonb)::audit.entry_in]);
    PERFORM set_config('dancu.references', (cards.opened() || person)::text, true);
    RETURN ids[1];
END $$;

-- Which samples there are of a person, without what is in them.
CREATE FUNCTION cards.references_of(person bigint) RETURNS TABLE (kind text, "position" smallint, source text, taken_on date, demo boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.kind, r."position", r.source, r.taken_on, r.demo FROM cards.reference r
    WHERE r.person_key = person AND r.retired_at IS NULL ORDER BY r.kind, r."position";
$$;

-- The desk's list: open orders of the officer's area, the oldest first. One evidence entry per person shown.
CREATE FUNCTION cards.open_orders(
    actor_kind text, actor_id bigint, org_code text, session_hash bytea, purpose text, legal_basis text,
    request_id text, channel text, how_many integer DEFAULT 50
) RETURNS TABLE (person_key bigint, order_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    keys bigint[];
BEGIN
    SELECT * INTO held FROM access.right_of(actor_id, session_hash, 'person.write.card');
    IF actor_kind <> 'staff' OR NOT held.ok OR NOT access.purpose_ok(purpose, legal_basis, access.today(), 'person.write.card') THEN
        RAISE EXCEPTION 'no right to read orders' USING ERRCODE = 'DA003';
    END IF;
    SELECT array_agg(c.order_id ORDER BY c.ordered_at, c.order_id) INTO keys FROM (
        SELECT o.order_id, o.ordered_at FROM cards.card_order o
        WHERE o.state IN ('ordered', 'produced', 'delivered') AND (held."national" OR o.areas && held.areas)
        ORDER BY o.ordered_at, o.order_id LIMIT least(how_many, 200)) AS c;
    PERFORM audit.record(ARRAY(
        SELECT ROW('read', actor_kind, actor_id, org_code, purpose, legal_basis, NULL, o.person_key, ARRAY['card_orders'],
                   request_id, channel, NULL, NULL)::audit.entry_in
        FROM cards.card_order o WHERE o.order_id = ANY (keys) GROUP BY o.person_key));
    RETURN QUERY SELECT o.person_key, o.order_id FROM cards.card_order o WHERE o.order_id = ANY (keys)
        ORDER BY o.ordered_at, o.order_id;
END $$;

REVOKE ALL ON FUNCTION cards.keep(text, bigint, text, text, text, text, text, text, bigint, text, smallint, bytea, bytea, text, text, date, boolean),
    cards.open_references(text, bigint, text, text, text, text, text, text, bigint, text), cards.references_of(bigint),
    cards.open_orders(text, bigint, text, bytea, text, text, text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cards.keep(text, bigint, text, text, text, text, text, text, bigint, text, smallint, bytea, bytea, text, text, date, boolean)
    TO dancu_app, dancu_worker, dancu_import;
GRANT EXECUTE ON FUNCTION cards.open_references(text, bigint, text, text, text, text, text, text, bigint, text) TO dancu_biometric;
GRANT EXECUTE ON FUNCTION cards.references_of(bigint) TO dancu_app, dancu_worker, dancu_import;
GRANT EXECUTE ON FUNCTION cards.open_orders(text, bigint, text, bytea, text, text, text, text, integer) TO dancu_app;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA cards FROM dancu_gate;
RESET ROLE;
