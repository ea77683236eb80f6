-- The population registry: persons, the directory of numbers, bitemporal facts, households.
--
-- A fact row says: from `valid` (days it holds in the world), as the registry knew it during `recorded`, according to
-- `source_kind`/`source_ref`. Rows are never updated but for the end of their recorded time (`closed_by` names the
-- evidence entry that ended it). What overlaps within one person is refused by a named EXCLUDE over the rows known now
-- (recorded without end); older knowledge was checked when it was current.
--
-- Everything person-bound is keyed (person_key, …), so that it can be distributed on person_key: each PRIMARY KEY,
-- UNIQUE, EXCLUDE and FOREIGN KEY contains it, and there are no triggers.

CREATE SCHEMA population;
GRANT USAGE ON SCHEMA population TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate;
GRANT CREATE ON SCHEMA population TO dancu_gate;

CREATE SEQUENCE population.person_key_seq;
CREATE SEQUENCE population.household_key_seq;
CREATE SEQUENCE population.fact_id_seq CACHE 50;

-- alive_until is 'infinity' until a death is registered; fact tables of acts repeat it in their foreign key, so that a
-- CHECK on one row can refuse an act that begins after death.
CREATE TABLE population.person (
    person_key bigint NOT NULL DEFAULT nextval('population.person_key_seq'),
    areas integer[] NOT NULL DEFAULT '{}',          -- candidate communes of today and their provinces (territory.unit)
    alive_until date NOT NULL DEFAULT 'infinity',
    merged_into bigint,                              -- the record that stands for this one since a merge
    last_recorded timestamptz NOT NULL,              -- recorded time only ever grows (kernel.clock.monotonic_after)
    missing text[] NOT NULL DEFAULT '{}',            -- required data groups this record lacks
    CONSTRAINT person_pkey PRIMARY KEY (person_key),
    CONSTRAINT person_alive_key UNIQUE (person_key, alive_until),
    CONSTRAINT person_not_merged_into_itself CHECK (merged_into <> person_key)
);

-- Every number that ever named a person, with the person it names. Distributed on the number, so it carries no
-- reference to person (a nightly check does). A personal ID number is never given twice, whatever its state.
CREATE TABLE population.directory (
    number text NOT NULL,
    kind text NOT NULL,
    person_key bigint NOT NULL,
    state text NOT NULL DEFAULT 'active',
    CONSTRAINT directory_pkey PRIMARY KEY (number, kind, person_key),
    CONSTRAINT directory_kind CHECK (kind IN ('personal_id', 'cmnd', 'passport', 'residence_file', 'other')),
    CONSTRAINT directory_state CHECK (state IN ('active', 'cancelled', 'replaced')),
    CONSTRAINT directory_personal_id_digits CHECK (kind <> 'personal_id' OR number ~ '^[0-9]{12}$')
);
CREATE UNIQUE INDEX directory_personal_id_once ON population.directory (number) WHERE kind = 'personal_id';
CREATE INDEX directory_person ON population.directory (person_key);

CREATE TABLE population.person_name (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    kind text NOT NULL DEFAULT 'birth',
    full_name text NOT NULL,                         -- normal form of kernel.names
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT person_name_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT person_name_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT person_name_kind CHECK (kind IN ('birth', 'other')),
    CONSTRAINT person_name_not_blank CHECK (full_name <> ''),
    CONSTRAINT person_name_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT person_name_one EXCLUDE USING gist (person_key WITH =, kind WITH =, valid WITH &&)
        WHERE (upper_inf(recorded))
);

-- Facts of the birth: they hold from birth on, so a change is always a correction of what the registry knew.
CREATE TABLE population.person_birth (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    birth_year smallint, birth_month smallint, birth_day smallint,
    sex text NOT NULL DEFAULT 'undetermined',
    birth_unit integer, birth_place text NOT NULL DEFAULT '',
    registration_unit integer, registration_place text NOT NULL DEFAULT '',
    origin_unit integer, origin_place text NOT NULL DEFAULT '',
    origins jsonb,                                   -- {column: [source_kind, source_ref, source_date]} where not this row's own source
    valid daterange NOT NULL DEFAULT '(,)', recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT person_birth_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT person_birth_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT person_birth_sex CHECK (sex IN ('male', 'female', 'undetermined')),
    CONSTRAINT person_birth_partial CHECK ((birth_day IS NULL OR birth_month IS NOT NULL)
        AND (birth_month IS NULL OR birth_year IS NOT NULL)),
    CONSTRAINT person_birth_date CHECK (birth_year BETWEEN 1800 AND 2399 AND birth_month BETWEEN 1 AND 12
        AND birth_day BETWEEN 1 AND 31),
    CONSTRAINT person_birth_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT person_birth_one EXCLUDE USING gist (person_key WITH =, valid WITH &&) WHERE (upper_inf(recorded))
);

CREATE TABLE population.person_trait (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    ethnicity text NOT NULL DEFAULT '', religion text NOT NULL DEFAULT '',
    nationality text NOT NULL DEFAULT '', blood_group text NOT NULL DEFAULT '',
    origins jsonb,
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT person_trait_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT person_trait_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT person_trait_blood CHECK (blood_group IN ('', 'A', 'B', 'AB', 'O', 'A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-')),
    CONSTRAINT person_trait_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT person_trait_one EXCLUDE USING gist (person_key WITH =, valid WITH &&) WHERE (upper_inf(recorded))
);

CREATE TABLE population.person_number (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    kind text NOT NULL, number text NOT NULL, state text NOT NULL DEFAULT 'active', reason text NOT NULL DEFAULT '',
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT person_number_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT person_number_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT person_number_kind CHECK (kind IN ('personal_id', 'cmnd', 'passport', 'other')),
    CONSTRAINT person_number_state CHECK (state IN ('active', 'cancelled', 'replaced')),
    CONSTRAINT person_number_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT person_number_one_active EXCLUDE USING gist (person_key WITH =, valid WITH &&)
        WHERE (kind = 'personal_id' AND state = 'active' AND upper_inf(recorded))
);

CREATE TABLE population.residence (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    kind text NOT NULL,
    unit_id integer, hamlet_id bigint, address text NOT NULL DEFAULT '', file_number text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    alive_until date NOT NULL DEFAULT 'infinity',
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT residence_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT residence_person FOREIGN KEY (person_key, alive_until)
        REFERENCES population.person (person_key, alive_until) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT residence_not_after_death CHECK (upper_inf(recorded) IS FALSE OR lower_inf(valid) OR lower(valid) <= alive_until),
    CONSTRAINT residence_kind CHECK (kind IN ('permanent', 'temporary', 'absence', 'current')),
    CONSTRAINT residence_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT residence_one_permanent EXCLUDE USING gist (person_key WITH =, valid WITH &&)
        WHERE (kind = 'permanent' AND upper_inf(recorded)),
    CONSTRAINT residence_no_overlap EXCLUDE USING gist (person_key WITH =, kind WITH =, valid WITH &&)
        WHERE (kind <> 'permanent' AND upper_inf(recorded))
);

-- A household's versions carry its head and its place: one head per household is one version at a time.
CREATE TABLE population.household (
    household_key bigint NOT NULL DEFAULT nextval('population.household_key_seq'),
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    head_key bigint,
    unit_id integer, hamlet_id bigint, address text NOT NULL DEFAULT '', file_number text NOT NULL DEFAULT '',
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT household_pkey PRIMARY KEY (household_key, fact_id),
    CONSTRAINT household_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT household_one_head EXCLUDE USING gist (household_key WITH =, valid WITH &&) WHERE (upper_inf(recorded))
);
CREATE INDEX household_file ON population.household (file_number) WHERE file_number <> '' AND upper_inf(recorded);

CREATE TABLE population.household_member (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    household_key bigint NOT NULL,
    relation text NOT NULL,                          -- to the head: 'head', 'spouse', 'child', …
    alive_until date NOT NULL DEFAULT 'infinity',
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT household_member_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT household_member_person FOREIGN KEY (person_key, alive_until)
        REFERENCES population.person (person_key, alive_until) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT household_member_not_after_death CHECK (upper_inf(recorded) IS FALSE OR lower_inf(valid) OR lower(valid) <= alive_until),
    CONSTRAINT household_member_relation CHECK (relation IN ('head', 'spouse', 'child', 'parent', 'grandparent',
        'grandchild', 'sibling', 'child_in_law', 'parent_in_law', 'other_relative', 'guest', 'unknown')),
    CONSTRAINT household_member_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT household_member_one_household EXCLUDE USING gist (person_key WITH =, valid WITH &&)
        WHERE (upper_inf(recorded))
);
CREATE INDEX household_member_household ON population.household_member (household_key);

-- Kin are data of this person by law (name, number, nationality of father, mother, spouse, children, representative);
-- relative_key points to the relative's own record where there is one. Both ways: a child's row mirrors a parent's.
CREATE TABLE population.kinship (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    relation text NOT NULL,
    relative_key bigint, relative_name text NOT NULL DEFAULT '', relative_number text NOT NULL DEFAULT '',
    relative_birth text NOT NULL DEFAULT '',         -- partial date, ISO
    relative_nationality text NOT NULL DEFAULT '',
    valid daterange NOT NULL DEFAULT '(,)', recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT kinship_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT kinship_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT kinship_relation CHECK (relation IN ('father', 'mother', 'spouse', 'child', 'representative', 'represented')),
    CONSTRAINT kinship_not_oneself CHECK (relative_key <> person_key),
    CONSTRAINT kinship_says_who CHECK (relative_key IS NOT NULL OR relative_name <> '' OR relative_number <> ''),
    CONSTRAINT kinship_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT kinship_one_father_mother_spouse EXCLUDE USING gist (person_key WITH =, relation WITH =, valid WITH &&)
        WHERE (relation IN ('father', 'mother', 'spouse') AND upper_inf(recorded))
);
CREATE INDEX kinship_relative ON population.kinship (relative_key) WHERE relative_key IS NOT NULL;

CREATE TABLE population.marital (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    status text NOT NULL,
    alive_until date NOT NULL DEFAULT 'infinity',
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT marital_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT marital_person FOREIGN KEY (person_key, alive_until)
        REFERENCES population.person (person_key, alive_until) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT marital_not_after_death CHECK (upper_inf(recorded) IS FALSE OR lower_inf(valid) OR lower(valid) <= alive_until),
    CONSTRAINT marital_status CHECK (status IN ('single', 'married', 'divorced', 'widowed', 'unknown')),
    CONSTRAINT marital_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT marital_one_status EXCLUDE USING gist (person_key WITH =, valid WITH &&) WHERE (upper_inf(recorded))
);

CREATE TABLE population.card (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    kind text NOT NULL,                              -- 'cmnd', 'cccd', 'chip' (2021), 'can_cuoc' (2024)
    number text NOT NULL, issued_on date, issued_by text NOT NULL DEFAULT '', expires_on date,
    state text NOT NULL DEFAULT 'active',
    alive_until date NOT NULL DEFAULT 'infinity',
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT card_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT card_person FOREIGN KEY (person_key, alive_until)
        REFERENCES population.person (person_key, alive_until) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT card_not_after_death CHECK (upper_inf(recorded) IS FALSE OR lower_inf(valid) OR lower(valid) <= alive_until),
    CONSTRAINT card_kind CHECK (kind IN ('cmnd', 'cccd', 'chip', 'can_cuoc')),
    CONSTRAINT card_state CHECK (state IN ('active', 'replaced', 'lost', 'revoked', 'expired')),
    CONSTRAINT card_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT card_one_active EXCLUDE USING gist (person_key WITH =, valid WITH &&)
        WHERE (state = 'active' AND upper_inf(recorded))
);

CREATE TABLE population.contact (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    kind text NOT NULL, value text NOT NULL,
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT contact_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT contact_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT contact_kind CHECK (kind IN ('phone', 'email')),
    CONSTRAINT contact_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT contact_one EXCLUDE USING gist (person_key WITH =, kind WITH =, valid WITH &&) WHERE (upper_inf(recorded))
);

-- A row only for death or for being declared missing; no row means alive as far as the registry knows.
CREATE TABLE population.life (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    status text NOT NULL,
    event_year smallint, event_month smallint, event_day smallint, place text NOT NULL DEFAULT '', cause text NOT NULL DEFAULT '',
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT life_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT life_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT life_status CHECK (status IN ('dead', 'missing')),
    CONSTRAINT life_partial CHECK ((event_day IS NULL OR event_month IS NOT NULL) AND (event_month IS NULL OR event_year IS NOT NULL)),
    CONSTRAINT life_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT life_one_status EXCLUDE USING gist (person_key WITH =, valid WITH &&) WHERE (upper_inf(recorded))
);

-- Group 26 of the Law on Identification: other data, by name.
CREATE TABLE population.other_data (
    person_key bigint NOT NULL,
    fact_id bigint NOT NULL DEFAULT nextval('population.fact_id_seq'),
    name text NOT NULL, value text NOT NULL,
    valid daterange NOT NULL, recorded tstzrange NOT NULL,
    source_kind text NOT NULL, source_ref text NOT NULL DEFAULT '', source_date date,
    entry_id bigint NOT NULL, closed_by bigint,
    CONSTRAINT other_data_pkey PRIMARY KEY (person_key, fact_id),
    CONSTRAINT other_data_person FOREIGN KEY (person_key) REFERENCES population.person (person_key),
    CONSTRAINT other_data_times CHECK (NOT isempty(valid) AND NOT isempty(recorded)),
    CONSTRAINT other_data_one EXCLUDE USING gist (person_key WITH =, name WITH =, valid WITH &&) WHERE (upper_inf(recorded))
);

-- What search reads: derived from the facts known and valid now, rewritten by the verb that changes them.
-- `terms` holds the words a query must have: "1990:hoa" (year of birth and token) and "u10234:hoa" (area and token).
CREATE TABLE population.person_search (
    person_key bigint NOT NULL,
    areas integer[] NOT NULL DEFAULT '{}',
    name_ascii text NOT NULL, name_folded text NOT NULL, sort_key text NOT NULL COLLATE "C",
    birth_year smallint, birth_month smallint, birth_day smallint,
    terms text[] NOT NULL,
    CONSTRAINT person_search_pkey PRIMARY KEY (person_key),
    CONSTRAINT person_search_person FOREIGN KEY (person_key) REFERENCES population.person (person_key)
);
CREATE INDEX person_search_terms ON population.person_search USING gin (terms);

-- What the registry noticed about its own data: kept for the work on quality.
CREATE SEQUENCE population.finding_id_seq;
CREATE TABLE population.finding (
    person_key bigint NOT NULL,
    finding_id bigint NOT NULL DEFAULT nextval('population.finding_id_seq'),
    code text NOT NULL,
    params jsonb NOT NULL DEFAULT '{}',
    source_ref text NOT NULL DEFAULT '',
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz, settled_by bigint,
    CONSTRAINT finding_pkey PRIMARY KEY (person_key, finding_id),
    CONSTRAINT finding_person FOREIGN KEY (person_key) REFERENCES population.person (person_key)
);
CREATE INDEX finding_open ON population.finding (code, person_key) WHERE settled_at IS NULL;

-- Merges of two records of one person, kept whole so that each can be undone.
CREATE TABLE population.merge (
    person_key bigint NOT NULL,                      -- the record that was absorbed
    kept_key bigint NOT NULL,
    merged_at timestamptz NOT NULL, entry_id bigint NOT NULL,
    undone_at timestamptz, undone_entry_id bigint,
    undo jsonb NOT NULL,                             -- fact ids opened and closed by the merge, per table and person
    CONSTRAINT merge_pkey PRIMARY KEY (person_key, merged_at),
    CONSTRAINT merge_person FOREIGN KEY (person_key) REFERENCES population.person (person_key)
);

-- The keys the gate opened for this transaction (see population.look). No gate, no rows.
CREATE FUNCTION population.subjects() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('dancu.subjects', true), ''), '{}')::bigint[];
CREATE FUNCTION population.households() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('dancu.households', true), ''), '{}')::bigint[];

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['person', 'directory', 'person_name', 'person_birth', 'person_trait', 'person_number',
        'residence', 'household_member', 'kinship', 'marital', 'card', 'contact', 'life', 'other_data',
        'person_search', 'finding', 'merge', 'household'] LOOP
        EXECUTE format('ALTER TABLE population.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE population.%I FORCE ROW LEVEL SECURITY', t);
        -- The application sees and changes only whom the gate opened; batch roles keep their own evidence.
        IF t = 'household' THEN
            EXECUTE format('CREATE POLICY app ON population.%I TO dancu_app USING (household_key = ANY (population.households()))', t);
        ELSE
            EXECUTE format('CREATE POLICY app ON population.%I TO dancu_app USING (person_key = ANY (population.subjects()))', t);
        END IF;
        EXECUTE format('CREATE POLICY batch ON population.%I TO dancu_worker, dancu_import USING (true)', t);
        EXECUTE format('CREATE POLICY gate ON population.%I TO dancu_gate USING (true)', t);
        EXECUTE format('CREATE POLICY verify ON population.%I FOR SELECT TO dancu_verify USING (true)', t);
        EXECUTE format('GRANT SELECT, INSERT ON population.%I TO dancu_app, dancu_import', t);
        EXECUTE format('GRANT SELECT ON population.%I TO dancu_gate, dancu_worker, dancu_verify', t);
        -- Of a fact only the end of its recorded time may change; the rest is history.
        EXECUTE format('GRANT UPDATE (%s) ON population.%I TO dancu_app, dancu_import', CASE t
            WHEN 'person' THEN 'areas, alive_until, merged_into, last_recorded, missing'
            WHEN 'directory' THEN 'state, person_key'
            WHEN 'person_search' THEN 'areas, name_ascii, name_folded, sort_key, birth_year, birth_month, birth_day, terms'
            WHEN 'finding' THEN 'settled_at, settled_by'
            WHEN 'merge' THEN 'undone_at, undone_entry_id'
            WHEN 'residence' THEN 'recorded, closed_by, alive_until'
            WHEN 'household_member' THEN 'recorded, closed_by, alive_until'
            WHEN 'marital' THEN 'recorded, closed_by, alive_until'
            WHEN 'card' THEN 'recorded, closed_by, alive_until'
            ELSE 'recorded, closed_by' END, t);
    END LOOP;
END $$;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA population TO dancu_app, dancu_import, dancu_gate;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA population TO dancu_import;
-- The worker recomputes areas and search terms when units change, and settles findings.
GRANT UPDATE (areas) ON population.person TO dancu_worker;
GRANT UPDATE (areas, terms) ON population.person_search TO dancu_worker;
GRANT INSERT, UPDATE ON population.finding TO dancu_worker;
GRANT USAGE ON SEQUENCE population.finding_id_seq TO dancu_worker;

-- Which columns each evidence entry commits to (see audit: facts commitment).
INSERT INTO audit.fact_source (table_name, key_column, columns)
SELECT 'population.' || c.table_name,
       CASE c.table_name WHEN 'household' THEN 'household_key' ELSE 'person_key' END,
       array_agg(c.column_name::text ORDER BY c.column_name COLLATE "C")
FROM information_schema.columns c
WHERE c.table_schema = 'population'
  AND c.table_name IN ('person_name', 'person_birth', 'person_trait', 'person_number', 'residence', 'household',
      'household_member', 'kinship', 'marital', 'card', 'contact', 'life', 'other_data')
  AND c.column_name NOT IN ('closed_by', 'alive_until')
GROUP BY c.table_name;
