-- Generic registries: a small register of an agency that has no system of its own, its schema as data. Read and written by
-- programs (GovStack's dialect of digital registries); every touch of a record is evidence, and kept here by record as well,
-- so that "who used the data of this record" can be asked the way that dialect asks it.

CREATE TABLE exchange.registry (
    registry_no bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$'),
    version text NOT NULL CHECK (version ~ '^[0-9A-Za-z.]{1,20}$'),
    code text NOT NULL DEFAULT '',
    group_name text NOT NULL DEFAULT '',
    org_code text NOT NULL,
    definition jsonb NOT NULL CHECK (jsonb_typeof(definition) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    CONSTRAINT registry_pkey PRIMARY KEY (registry_no)
);
CREATE UNIQUE INDEX registry_open_name ON exchange.registry (name, version) WHERE closed_at IS NULL;

-- `content`: the record as its owner wrote it; `record_id`: the value of its `id` field, in canonical words of the dialect.
CREATE TABLE exchange.registry_record (
    registry_no bigint NOT NULL,
    record_no uuid NOT NULL,
    record_id text NOT NULL CHECK (length(record_id) BETWEEN 1 AND 120),
    content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
    entry_id bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT registry_record_pkey PRIMARY KEY (registry_no, record_no),
    CONSTRAINT registry_record_id_key UNIQUE (registry_no, record_id),
    CONSTRAINT registry_record_registry_fkey FOREIGN KEY (registry_no) REFERENCES exchange.registry (registry_no)
);
CREATE INDEX registry_record_content_idx ON exchange.registry_record USING gin (content jsonb_path_ops);

-- Who used a record, when: one row per record and call, beside the entry in the evidence log.
CREATE TABLE exchange.registry_use (
    registry_no bigint NOT NULL,
    record_id text NOT NULL,
    entry_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    reader text NOT NULL,
    CONSTRAINT registry_use_pkey PRIMARY KEY (registry_no, record_id, entry_id)
);

GRANT SELECT, INSERT, UPDATE ON exchange.registry TO dancu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON exchange.registry_record TO dancu_app;
GRANT SELECT, INSERT ON exchange.registry_use TO dancu_app;
GRANT SELECT ON exchange.registry, exchange.registry_record, exchange.registry_use TO dancu_verify;
