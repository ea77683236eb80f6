-- role: admin
-- Import of files: blocks of keys for bulk writing, runs that can be resumed, the rows they have seen, and the rows
-- a person must look at.

-- COPY refuses tables under row-level security. What the importing role may do with persons is what its policies say
-- already (everything, as a batch role that keeps its own evidence), so exempting it changes nothing but that.
ALTER ROLE dancu_import BYPASSRLS;
SET LOCAL ROLE dancu_owner;

-- Bulk writers take keys in blocks from ranges of their own: one call for a thousand persons, no lock, no gap race
-- with a verb that takes single keys at the same time.
ALTER SEQUENCE population.person_key_seq MAXVALUE 999999999;
ALTER SEQUENCE population.household_key_seq MAXVALUE 999999999;
ALTER SEQUENCE population.fact_id_seq MAXVALUE 1099511627775;
CREATE SEQUENCE population.person_block_seq AS bigint INCREMENT BY 1000 MINVALUE 1000000000;
CREATE SEQUENCE population.household_block_seq AS bigint INCREMENT BY 1000 MINVALUE 1000000000;
CREATE SEQUENCE population.fact_block_seq AS bigint INCREMENT BY 10000 MINVALUE 1099511627776;
GRANT USAGE ON SEQUENCE population.person_block_seq, population.household_block_seq, population.fact_block_seq
    TO dancu_import;

-- One import of one file. `position` counts the rows of the file whose outcome is committed: a run that died goes on
-- from there. The counters move in the same transaction as the rows they count.
CREATE TABLE population.import_run (
    run_id bigint GENERATED ALWAYS AS IDENTITY,
    file_hash bytea NOT NULL,
    profile text NOT NULL,
    profile_hash bytea NOT NULL,
    file_name text NOT NULL,
    rejects_file text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'running',
    actor_kind text NOT NULL, actor_id bigint NOT NULL, org_code text NOT NULL,
    purpose text NOT NULL, legal_basis text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    seconds double precision NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CONSTRAINT import_run_pkey PRIMARY KEY (run_id),
    CONSTRAINT import_run_state CHECK (state IN ('running', 'done')),
    CONSTRAINT import_run_file_hash CHECK (length(file_hash) = 32)
);
-- The same file can be imported again later, but not twice at once.
CREATE UNIQUE INDEX import_run_open ON population.import_run (file_hash, profile) WHERE state = 'running';

-- Each row of a source that became (or confirmed) a person's data, by the hash of its cells: a row seen before says
-- nothing new, whatever happened to the person since. `record_key` is the hash of the source's own name for the
-- record (book and number of a civil-status entry). Distributed on the hash, like the directory on its number.
CREATE TABLE population.import_row (
    fingerprint uuid NOT NULL,
    person_key bigint NOT NULL,
    record_key uuid,
    run_id bigint NOT NULL,
    CONSTRAINT import_row_pkey PRIMARY KEY (fingerprint, person_key)
);
CREATE INDEX import_row_record ON population.import_row (record_key, person_key) WHERE record_key IS NOT NULL;

-- Rows whose outcome needs a person: kept whole, with the reasons and whom they might be about.
CREATE TABLE population.import_review (
    run_id bigint NOT NULL,
    line bigint NOT NULL,
    profile text NOT NULL,
    fingerprint uuid NOT NULL,
    cells jsonb NOT NULL,
    reasons jsonb NOT NULL,
    candidates bigint[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz, settled_by bigint, outcome text,
    CONSTRAINT import_review_pkey PRIMARY KEY (run_id, line),
    CONSTRAINT import_review_settled CHECK ((settled_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX import_review_fingerprint ON population.import_review (fingerprint);
CREATE INDEX import_review_open ON population.import_review (created_at) WHERE settled_at IS NULL;

-- Rows refused, as they came; the rejects file is written from here, so that it is whole after any crash.
CREATE TABLE population.import_reject (
    run_id bigint NOT NULL,
    line bigint NOT NULL,
    cells jsonb NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT import_reject_pkey PRIMARY KEY (run_id, line)
);

GRANT SELECT, INSERT, UPDATE ON population.import_run TO dancu_import;
GRANT SELECT, INSERT ON population.import_row, population.import_reject TO dancu_import;
GRANT SELECT, INSERT ON population.import_review TO dancu_import;
GRANT UPDATE (run_id, line, reasons, candidates) ON population.import_review TO dancu_import;
GRANT DELETE ON population.import_reject TO dancu_import;
GRANT SELECT ON population.import_run TO dancu_app, dancu_worker, dancu_verify;
RESET ROLE;
