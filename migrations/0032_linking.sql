-- Linking kit: how many customers of its own a service had compared with the registry. Counts alone: whom it was about stands
-- in the evidence log, and the answers are the service's.
CREATE TABLE oidc.linking_batch (
    client_no bigint NOT NULL,
    batch_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    rows integer NOT NULL CHECK (rows > 0),
    matched integer NOT NULL,
    ambiguous integer NOT NULL,
    not_found integer NOT NULL,
    CONSTRAINT linking_batch_pkey PRIMARY KEY (client_no, batch_id),
    CONSTRAINT linking_batch_adds_up CHECK (matched + ambiguous + not_found = rows)
);
CREATE INDEX linking_batch_recent_idx ON oidc.linking_batch (client_no, at);
GRANT SELECT, INSERT ON oidc.linking_batch TO dancu_app;
GRANT SELECT ON oidc.linking_batch TO dancu_worker, dancu_verify;
