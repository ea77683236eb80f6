-- A change of a generic registry that names its record by other members than `id` cannot be told from the record afterwards: what
-- it looked for is overwritten, and another record may read like that. So that the same change sent again counts as made, and a change
-- that found nothing does not, the changes of the last day are remembered by their digest.

CREATE TABLE exchange.registry_change (
    registry_no bigint NOT NULL,
    change bytea NOT NULL CHECK (octet_length(change) = 32),
    made_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT registry_change_pkey PRIMARY KEY (registry_no, change),
    CONSTRAINT registry_change_registry_fkey FOREIGN KEY (registry_no) REFERENCES exchange.registry (registry_no)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON exchange.registry_change TO dancu_app;
GRANT SELECT ON exchange.registry_change TO dancu_verify;
