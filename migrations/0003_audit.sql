-- The evidence log. Entries wait in audit.pending (inserted in the transaction of the read or write they witness);
-- one sequencer moves them into the log: audit.content (what happened, erasable), audit.leaf (what is published),
-- audit.tile (Merkle hashes, C2SP tlog-tiles), audit.checkpoint (signed tree heads).

CREATE SCHEMA audit;
GRANT USAGE ON SCHEMA audit TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate;

-- Entry ids name an entry, they order nothing. Bulk writers take theirs in blocks from a range of their own
-- (from 2^40), so that the sequencer, which works in id order, serves people before files.
CREATE SEQUENCE audit.entry_id_seq AS bigint MAXVALUE 1099511627775;
CREATE SEQUENCE audit.entry_block_seq AS bigint MINVALUE 1099511627776;

CREATE TABLE audit.pending (
    entry_id bigint NOT NULL DEFAULT nextval('audit.entry_id_seq'),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL,
    actor_kind text NOT NULL,
    actor_id bigint NOT NULL,
    org_code text NOT NULL,
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    case_ref text,
    subject bigint,
    fields text[],
    request_id text,
    channel text,
    facts bytea,
    note jsonb,
    CONSTRAINT pending_pkey PRIMARY KEY (entry_id),
    CONSTRAINT pending_action CHECK
        (action IN ('read', 'search', 'write', 'denied', 'erase', 'export', 'sign_in', 'system')),
    CONSTRAINT pending_actor_kind CHECK (actor_kind IN ('staff', 'citizen', 'system')),
    CONSTRAINT pending_facts CHECK (length(facts) = 32),
    -- Whatever is accepted here the sequencer must be able to write down: one entry must not stop the log.
    CONSTRAINT pending_at CHECK (at BETWEEN '2000-01-01 00:00Z' AND '9000-01-01 00:00Z'),
    CONSTRAINT pending_org CHECK (length(org_code) <= 100),
    CONSTRAINT pending_note CHECK (jsonb_typeof(note) = 'object' AND pg_column_size(note) <= 4096)
) WITH (
    -- A queue: every row is deleted soon. Vacuum early, so that the oldest row stays cheap to find.
    autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0
);

-- What happened, in clear for queries. The leaf's commitments are recomputed from these very columns, so none of
-- them can be changed unseen. Erasing nulls everything but place and number, time, organisation and action.
CREATE TABLE audit.content (
    idx bigint NOT NULL,
    entry_id bigint NOT NULL,
    at timestamptz NOT NULL,
    action text NOT NULL,
    org_code text NOT NULL,
    subject bigint,
    subject_seq bigint,
    actor_kind text,
    actor_id bigint,
    purpose text,
    legal_basis text,
    case_ref text,
    fields text[],
    request_id text,
    channel text,
    facts bytea,
    note jsonb,
    salt bytea,
    erased_by bigint,
    CONSTRAINT content_pkey PRIMARY KEY (idx),
    CONSTRAINT content_entry_id UNIQUE (entry_id),
    CONSTRAINT content_subject_seq UNIQUE (subject, subject_seq),
    CONSTRAINT content_numbered CHECK ((subject IS NULL) = (subject_seq IS NULL)),
    CONSTRAINT content_erased CHECK ((salt IS NULL) = (erased_by IS NOT NULL))
);
CREATE INDEX content_actor ON audit.content (actor_id, idx DESC) WHERE actor_kind = 'staff';
CREATE INDEX content_at ON audit.content USING brin (at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE audit.leaf (
    idx bigint NOT NULL,
    leaf bytea NOT NULL,
    CONSTRAINT leaf_pkey PRIMARY KEY (idx)
);
-- Commitments are random to a compressor.
ALTER TABLE audit.leaf ALTER COLUMN leaf SET STORAGE EXTERNAL;

CREATE TABLE audit.tile (
    level smallint NOT NULL,
    n bigint NOT NULL,
    hashes bytea NOT NULL,
    CONSTRAINT tile_pkey PRIMARY KEY (level, n),
    CONSTRAINT tile_width CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0)
);
ALTER TABLE audit.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TABLE audit.checkpoint (
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT checkpoint_pkey PRIMARY KEY (size)
);

-- caught_up_at: every entry of a person's request committed before this moment has been sequenced. The hot path looks
-- here first and looks for the oldest waiting row only when the sequencer has been silent.
CREATE TABLE audit.sequencer (
    one boolean NOT NULL DEFAULT true,
    caught_up_at timestamptz NOT NULL,
    CONSTRAINT sequencer_pkey PRIMARY KEY (one),
    CONSTRAINT sequencer_one CHECK (one)
) WITH (fillfactor = 20);
INSERT INTO audit.sequencer (caught_up_at) VALUES ('-infinity');

-- Tables whose rows are facts an entry commits to. Each room adds its own in its migration. `columns`: the committed
-- ones; "recorded" among them means lower(recorded). Every such table has fact_id, entry_id, closed_by, recorded.
CREATE TABLE audit.fact_source (
    table_name text NOT NULL,
    key_column text NOT NULL,
    columns text[] NOT NULL,
    CONSTRAINT fact_source_pkey PRIMARY KEY (table_name)
);

CREATE TYPE audit.entry_in AS (
    action text,
    actor_kind text,
    actor_id bigint,
    org_code text,
    purpose text,
    legal_basis text,
    case_ref text,
    subject bigint,
    fields text[],
    request_id text,
    channel text,
    facts bytea,
    note jsonb
);

-- Refuses (DA001) when the oldest waiting entry is over 60 seconds old: nobody would be sequencing, and an entry
-- removed while it waits leaves no trace.
CREATE FUNCTION audit.assert_alive() RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    IF (SELECT caught_up_at FROM audit.sequencer) > clock_timestamp() - interval '30 seconds' THEN
        RETURN;
    END IF;
    IF (SELECT at FROM audit.pending ORDER BY entry_id LIMIT 1) < clock_timestamp() - interval '60 seconds' THEN
        RAISE EXCEPTION 'evidence log is not being sequenced' USING ERRCODE = 'DA001';
    END IF;
END $$;

-- The hot path: one call records the looks of a whole batch of requests. Returns entry ids in the order given.
CREATE FUNCTION audit.record(entries audit.entry_in[]) RETURNS bigint[] LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    PERFORM audit.assert_alive();
    WITH noted AS (
        INSERT INTO audit.pending (action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject,
                                   fields, request_id, channel, facts, note)
        SELECT e.action, e.actor_kind, e.actor_id, e.org_code, e.purpose, e.legal_basis, e.case_ref, e.subject,
               e.fields, e.request_id, e.channel, e.facts, e.note
        FROM unnest(entries) AS e
        RETURNING entry_id
    )
    SELECT coalesce(array_agg(entry_id ORDER BY entry_id), '{}') INTO ids FROM noted;
    RETURN ids;
END $$;

-- A verb stamps the rows it writes with the id of their entry, and the entry commits to the rows: it takes ids first
-- and records under them last. Ids must have been taken and not used.
CREATE FUNCTION audit.next_entry_ids(n integer) RETURNS bigint[] LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT coalesce(array_agg(nextval('audit.entry_id_seq')), '{}') FROM generate_series(1, least(n, 10000));
$$;

CREATE FUNCTION audit.record_as(ids bigint[], entries audit.entry_in[]) RETURNS bigint[] LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM audit.assert_alive();
    IF cardinality(ids) <> cardinality(entries)
       OR (SELECT max(i) FROM unnest(ids) AS i) > (SELECT last_value FROM audit.entry_id_seq) THEN
        RAISE EXCEPTION 'entry ids were not taken' USING ERRCODE = '22023';
    END IF;
    INSERT INTO audit.pending (entry_id, action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref,
                               subject, fields, request_id, channel, facts, note)
    SELECT ids[n], e.action, e.actor_kind, e.actor_id, e.org_code, e.purpose, e.legal_basis, e.case_ref,
           e.subject, e.fields, e.request_id, e.channel, e.facts, e.note
    FROM unnest(entries) WITH ORDINALITY AS e(action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref,
                                              subject, fields, request_id, channel, facts, note, n);
    RETURN ids;
END $$;

-- A block of n entry ids for a COPY into audit.pending; returns the first. Nobody else draws from this sequence, and
-- the lock keeps two callers apart, so blocks never overlap.
CREATE FUNCTION audit.take_entry_ids(n bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE first bigint;
BEGIN
    IF n IS NULL OR n < 1 OR n > 10000000 THEN
        RAISE EXCEPTION 'block of % ids', n USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_lock(1096107348, 1);
    first := nextval('audit.entry_block_seq');
    PERFORM setval('audit.entry_block_seq', first + n - 1);
    PERFORM pg_advisory_unlock(1096107348, 1);
    RETURN first;
END $$;

CREATE TYPE audit.access AS (
    seq bigint, idx bigint, entry_id bigint, at timestamptz, action text, actor_kind text, actor_id bigint,
    org_code text, purpose text, legal_basis text, fields text[], case_ref text, note jsonb, erased_by bigint
);

-- Who looked at one person, newest first. Answers only about persons the gate has opened in this transaction
-- (setting dancu.subjects), so the look at the list is itself in the list. DA002 otherwise.
CREATE FUNCTION audit.accesses_of(person bigint, how_many integer, before_seq bigint DEFAULT NULL)
RETURNS SETOF audit.access LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    IF person = ANY (nullif(current_setting('dancu.subjects', true), '')::bigint[]) IS NOT TRUE THEN
        RAISE EXCEPTION 'person was not opened in this transaction' USING ERRCODE = 'DA002';
    END IF;
    RETURN QUERY
        SELECT c.subject_seq, c.idx, c.entry_id, c.at, c.action, c.actor_kind, c.actor_id, c.org_code, c.purpose,
               c.legal_basis, c.fields, c.case_ref, c.note, c.erased_by
        FROM audit.content c
        WHERE c.subject = person AND (before_seq IS NULL OR c.subject_seq < before_seq)
        ORDER BY c.subject_seq DESC
        LIMIT least(how_many, 500);
END $$;

-- One sequenced entry with its salt, to prove it: for the process that verifies, and for a person opened in this
-- transaction.
CREATE FUNCTION audit.entry_to_prove(of_idx bigint, of_entry_id bigint) RETURNS SETOF audit.content
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT c.* FROM audit.content c
    WHERE (c.idx = of_idx OR c.entry_id = of_entry_id)
      AND (pg_has_role(session_user, 'dancu_verify', 'USAGE') OR pg_has_role(session_user, 'dancu_worker', 'USAGE')
           OR c.subject = ANY (nullif(current_setting('dancu.subjects', true), '')::bigint[]))
$$;

-- The auditor's search. Checks the session's right and records itself before it answers: one entry for each person
-- whose accesses it shows, or one that concerns nobody. Bounded in time and rows.
-- The body is resolved at call time: access.right_of comes with a later migration.
CREATE FUNCTION audit.search_entries(
    staff bigint, session_hash bytea, asked audit.entry_in,
    since timestamptz, until timestamptz, of_org text DEFAULT NULL, of_actor bigint DEFAULT NULL,
    of_subject bigint DEFAULT NULL, of_action text DEFAULT NULL, of_purpose text DEFAULT NULL,
    how_many integer DEFAULT 50, before_idx bigint DEFAULT NULL
) RETURNS SETOF audit.content LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    allowed boolean;
    found audit.content[];
BEGIN
    SELECT r.ok INTO allowed FROM access.right_of(staff, session_hash, 'audit.read') AS r;
    IF allowed IS NOT TRUE OR asked.actor_id IS DISTINCT FROM staff OR asked.actor_kind IS DISTINCT FROM 'staff' THEN
        RAISE EXCEPTION 'no right to read the evidence log' USING ERRCODE = 'DA003';
    END IF;
    found := ARRAY(
        SELECT c FROM audit.content c
        WHERE c.at >= since AND c.at < until
          AND (before_idx IS NULL OR c.idx < before_idx)
          AND (of_org IS NULL OR c.org_code = of_org)
          AND (of_actor IS NULL OR (c.actor_id = of_actor AND c.actor_kind = 'staff'))
          AND (of_subject IS NULL OR c.subject = of_subject)
          AND (of_action IS NULL OR c.action = of_action)
          AND (of_purpose IS NULL OR c.purpose = of_purpose)
        ORDER BY c.idx DESC
        LIMIT least(how_many, 500));
    PERFORM audit.record(ARRAY(
        SELECT ROW(asked.action, asked.actor_kind, asked.actor_id, asked.org_code, asked.purpose, asked.legal_basis,
                   asked.case_ref, shown.subject, asked.fields, asked.request_id, asked.channel, NULL,
                   asked.note)::audit.entry_in
        FROM (SELECT DISTINCT f.subject FROM unnest(found) AS f WHERE f.subject IS NOT NULL
              UNION ALL SELECT of_subject WHERE NOT EXISTS
                  (SELECT FROM unnest(found) AS f WHERE f.subject IS NOT NULL)) AS shown));
    -- The salts stay inside.
    RETURN QUERY
        SELECT f.idx, f.entry_id, f.at, f.action, f.org_code, f.subject, f.subject_seq, f.actor_kind, f.actor_id,
               f.purpose, f.legal_basis, f.case_ref, f.fields, f.request_id, f.channel, f.facts, f.note, NULL::bytea,
               f.erased_by
        FROM unnest(found) AS f;
END $$;

-- Erases what one sequenced entry says. `reason` (action erase, with its legal basis) becomes an entry of its own, in
-- the same citizen's list, and carries what must outlive the content: place, number, and the digest of the facts.
-- An erasure cannot be erased. Returns the entry id of the erasure.
CREATE FUNCTION audit.erase(target bigint, reason audit.entry_in) RETURNS bigint LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    gone audit.content;
    made bigint;
BEGIN
    IF coalesce(reason.legal_basis, '') = '' THEN
        RAISE EXCEPTION 'an erasure names its legal basis' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO gone FROM audit.content c WHERE c.entry_id = target FOR UPDATE;
    IF NOT FOUND OR gone.erased_by IS NOT NULL OR gone.action = 'erase' THEN
        RETURN NULL;
    END IF;
    reason.action := 'erase';
    reason.subject := gone.subject;
    reason.note := coalesce(reason.note, '{}') || jsonb_build_object(
        'erased', gone.entry_id, 'erased_idx', gone.idx, 'erased_seq', gone.subject_seq,
        'erased_facts', encode(gone.facts, 'hex'));
    made := (audit.record(ARRAY[reason]))[1];
    UPDATE audit.content SET
        actor_kind = NULL, actor_id = NULL, purpose = NULL, legal_basis = NULL, case_ref = NULL, fields = NULL,
        request_id = NULL, channel = NULL, facts = NULL, note = NULL, salt = NULL, erased_by = made
    WHERE content.idx = gone.idx;
    RETURN made;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.record(audit.entry_in[]), audit.assert_alive(), audit.next_entry_ids(integer),
    audit.record_as(bigint[], audit.entry_in[])
    TO dancu_app, dancu_worker, dancu_import, dancu_gate;
GRANT EXECUTE ON FUNCTION audit.take_entry_ids(bigint) TO dancu_import, dancu_worker;
GRANT EXECUTE ON FUNCTION audit.entry_to_prove(bigint, bigint) TO dancu_app, dancu_worker, dancu_verify;
GRANT EXECUTE ON FUNCTION audit.accesses_of(bigint, integer, bigint) TO dancu_app, dancu_worker, dancu_gate;
GRANT EXECUTE ON FUNCTION audit.search_entries(bigint, bytea, audit.entry_in, timestamptz, timestamptz, text, bigint,
    bigint, text, text, integer, bigint) TO dancu_app;
GRANT EXECUTE ON FUNCTION audit.erase(bigint, audit.entry_in) TO dancu_worker;

GRANT INSERT ON audit.pending TO dancu_import;
GRANT USAGE ON SEQUENCE audit.entry_id_seq TO dancu_import;
GRANT SELECT, DELETE ON audit.pending TO dancu_worker;
GRANT SELECT, INSERT ON audit.content, audit.leaf TO dancu_worker;
GRANT SELECT, INSERT, UPDATE ON audit.tile TO dancu_worker;
GRANT SELECT, INSERT, DELETE ON audit.checkpoint TO dancu_worker;
GRANT SELECT, UPDATE ON audit.sequencer TO dancu_worker;
GRANT SELECT ON audit.fact_source TO dancu_worker, dancu_app, dancu_import;
-- What is published anyway may be read by the process that publishes it.
GRANT SELECT ON audit.leaf, audit.tile, audit.checkpoint, audit.sequencer TO dancu_app;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO dancu_verify;
