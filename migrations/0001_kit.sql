-- role: admin
-- Extensions, the roles of the house, and kit's own tables: outbox, events, subscriptions, settings.

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Roles belong to the cluster, so they may exist already (a second database, a restore).
DO $$
DECLARE role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['dancu_owner', 'dancu_gate'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['dancu_app', 'dancu_worker', 'dancu_import', 'dancu_verify'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role_name);
        END IF;
    END LOOP;
END $$;

DO $$ BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO dancu_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO dancu_app, dancu_worker, dancu_import, dancu_verify', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO dancu_import', current_database());
END $$;

SET LOCAL ROLE dancu_owner;
CREATE SCHEMA kit;
GRANT USAGE ON SCHEMA kit TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_gate;

-- News travels up: a domain inserts one row in the transaction of its change. Ids order nothing (commit order is not
-- id order); the dispatcher numbers rows after commit into kit.event, which subscribers read by cursor.
CREATE SEQUENCE kit.outbox_id_seq;
CREATE TABLE kit.outbox (
    id bigint NOT NULL DEFAULT nextval('kit.outbox_id_seq'),
    topic text NOT NULL,
    person_key bigint,
    payload jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT outbox_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000);
CREATE TABLE kit.event (
    seq bigint NOT NULL,
    topic text NOT NULL,
    person_key bigint,
    payload jsonb NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (seq)
);
CREATE TABLE kit.event_head (one boolean PRIMARY KEY DEFAULT true CHECK (one), seq bigint NOT NULL);
INSERT INTO kit.event_head (seq) VALUES (0);
CREATE TABLE kit.subscription (
    name text PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL DEFAULT now()
);

-- Marks of this database that no configuration file may contradict (that it was made as a demonstration, its id).
CREATE TABLE kit.setting (name text PRIMARY KEY, value jsonb NOT NULL);
INSERT INTO kit.setting VALUES ('created_at', to_jsonb(now())), ('database_id', to_jsonb(gen_random_uuid()::text));

GRANT USAGE ON SEQUENCE kit.outbox_id_seq TO dancu_app, dancu_worker, dancu_import, dancu_gate;
GRANT INSERT ON kit.outbox TO dancu_app, dancu_worker, dancu_import, dancu_gate;
GRANT SELECT, DELETE ON kit.outbox TO dancu_worker;
GRANT SELECT, INSERT ON kit.event TO dancu_worker;
GRANT SELECT, UPDATE ON kit.event_head TO dancu_worker;
GRANT SELECT, INSERT, UPDATE ON kit.subscription TO dancu_worker;
GRANT SELECT ON kit.outbox, kit.event, kit.event_head, kit.subscription TO dancu_verify;
GRANT SELECT ON kit.setting TO dancu_app, dancu_worker, dancu_import, dancu_verify;
RESET ROLE;

GRANT SELECT ON public.dancu_migration TO dancu_app, dancu_worker, dancu_import, dancu_verify;
