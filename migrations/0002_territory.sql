-- Administrative units through time, as reference tables for joins and constraints. The truth is the package's data
-- (territory/data); `territory.load` brings it here. Hamlets are kept here: communes add, rename and close them.

CREATE SCHEMA territory;
GRANT USAGE ON SCHEMA territory TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate;

CREATE TABLE territory.unit (
    unit_id integer NOT NULL,
    code text NOT NULL CONSTRAINT unit_code_form CHECK (code ~ '^([0-9]{2}|[0-9]{3}|[0-9]{5})$'),
    level smallint NOT NULL CONSTRAINT unit_level CHECK (level IN (1, 2, 3)),
    kind text NOT NULL,
    name text NOT NULL,
    parent_id integer,
    valid daterange NOT NULL CONSTRAINT unit_valid CHECK (NOT isempty(valid)),
    latitude double precision,
    longitude double precision,
    sort_key text NOT NULL,
    CONSTRAINT unit_pkey PRIMARY KEY (unit_id),
    -- A code names at most one unit on a day; over the years it names several.
    CONSTRAINT unit_code_once EXCLUDE USING gist (code WITH =, valid WITH &&),
    CONSTRAINT unit_parent FOREIGN KEY (parent_id) REFERENCES territory.unit (unit_id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT unit_parent_level CHECK ((level = 1) = (parent_id IS NULL))
);
CREATE INDEX unit_parent_idx ON territory.unit (parent_id);

CREATE TABLE territory.succession (
    predecessor_id integer NOT NULL REFERENCES territory.unit (unit_id) DEFERRABLE INITIALLY DEFERRED,
    successor_id integer REFERENCES territory.unit (unit_id) DEFERRABLE INITIALLY DEFERRED,
    kind text NOT NULL CONSTRAINT succession_kind CHECK (kind IN ('whole', 'rename', 'split', 'unknown')),
    effective date NOT NULL,
    main boolean NOT NULL,
    evidence text NOT NULL,
    CONSTRAINT succession_heir CHECK ((kind = 'unknown') = (successor_id IS NULL)),
    CONSTRAINT succession_once UNIQUE (predecessor_id, successor_id)
);
CREATE INDEX succession_successor_idx ON territory.succession (successor_id);

-- What is loaded: the digest of the package's data, so that a start that finds it again does nothing.
CREATE TABLE territory.loaded (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    digest text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE territory.hamlet_id_seq AS bigint;

-- One row per hamlet and period in which its commune, kind and name stayed the same; hamlet_id lasts through renaming.
CREATE TABLE territory.hamlet (
    hamlet_id bigint NOT NULL DEFAULT nextval('territory.hamlet_id_seq'),
    unit_id integer NOT NULL REFERENCES territory.unit (unit_id) DEFERRABLE INITIALLY DEFERRED,
    kind text NOT NULL,
    name text NOT NULL CONSTRAINT hamlet_name CHECK (name <> ''),
    name_key text NOT NULL,
    aliases text[] NOT NULL DEFAULT '{}',
    valid daterange NOT NULL CONSTRAINT hamlet_valid CHECK (NOT isempty(valid)),
    sort_key text NOT NULL,
    CONSTRAINT hamlet_one_at_a_time EXCLUDE USING gist (hamlet_id WITH =, valid WITH &&),
    CONSTRAINT hamlet_name_once EXCLUDE USING gist (unit_id WITH =, kind WITH =, name_key WITH =, valid WITH &&)
);
CREATE INDEX hamlet_unit_idx ON territory.hamlet (unit_id);
CREATE INDEX hamlet_id_idx ON territory.hamlet (hamlet_id);

GRANT SELECT ON ALL TABLES IN SCHEMA territory TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate;
GRANT INSERT, UPDATE ON territory.hamlet TO dancu_app, dancu_import;
GRANT USAGE ON SEQUENCE territory.hamlet_id_seq TO dancu_app, dancu_import;
