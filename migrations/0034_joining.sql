-- Joining: who applied and who answered, agreements that wait too long, what was promised to be shared, and one number per
-- room that says "something a door must know has changed".

-- Raised in the transaction of every change a door must hear of: a partner's state, a program, a certificate; an agreement.
-- A row and not a sequence: a sequence moves before the change is there to be seen, and a time stands still for two changes
-- that overlap.
CREATE TABLE exchange.change (
    one boolean NOT NULL DEFAULT true CHECK (one),
    seq bigint NOT NULL DEFAULT 1,
    CONSTRAINT change_pkey PRIMARY KEY (one)
);
INSERT INTO exchange.change DEFAULT VALUES;
CREATE TABLE sharing.change (
    one boolean NOT NULL DEFAULT true CHECK (one),
    seq bigint NOT NULL DEFAULT 1,
    CONSTRAINT change_pkey PRIMARY KEY (one)
);
INSERT INTO sharing.change DEFAULT VALUES;

-- Both together, for who keeps a picture of partners and agreements in memory: it is old when this number is another.
CREATE FUNCTION exchange.changed() RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.seq + s.seq FROM exchange.change e, sharing.change s;
$$;
REVOKE ALL ON FUNCTION exchange.changed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.changed() TO dancu_app, dancu_worker, dancu_verify, dancu_gate;

-- `question`: what the reviewer asked and the applicant has not answered. `due` moves when it is answered. `escalated_at`: the
-- day passed without an answer, so the national coordinator may decide. `applied_by` 0: the platform's operator.
ALTER TABLE exchange.partner
    ADD COLUMN applied_by bigint NOT NULL DEFAULT 0,
    ADD COLUMN question text NOT NULL DEFAULT '',
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN refused_basis text NOT NULL DEFAULT '',
    -- What it was before it was suspended, to come back to.
    ADD COLUMN before text CHECK (before IN ('applied', 'security_check', 'sandbox', 'live')),
    ADD CONSTRAINT partner_refusal_cites_the_law CHECK (state <> 'refused' OR refused_basis <> ''),
    ADD CONSTRAINT partner_suspended_knows_from_where CHECK (state <> 'suspended' OR before IS NOT NULL);
CREATE INDEX partner_waiting_idx ON exchange.partner (due) WHERE state IN ('applied', 'security_check', 'sandbox');

-- The request for a certificate as it came, kept for an outside authority that signs it elsewhere.
ALTER TABLE exchange.system ADD COLUMN request text NOT NULL DEFAULT '';
ALTER TABLE exchange.system ADD CONSTRAINT system_name_key UNIQUE (org_code, name);

-- Everything that was done about a partner, for both sides to read. `entry`: the evidence entry of the act.
CREATE TABLE exchange.step (
    org_code text NOT NULL,
    step_no bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    verb text NOT NULL,
    by_staff bigint NOT NULL,
    by_org text NOT NULL,
    reason text NOT NULL DEFAULT '',
    legal_basis text NOT NULL DEFAULT '',
    entry bigint NOT NULL,
    CONSTRAINT step_pkey PRIMARY KEY (org_code, step_no),
    CONSTRAINT step_partner_fkey FOREIGN KEY (org_code) REFERENCES exchange.partner (org_code)
);

-- A data set an organisation promised to share: who answers for it, by when, and since when it flows.
CREATE TABLE exchange.promise (
    promise_no bigint GENERATED ALWAYS AS IDENTITY,
    org_code text NOT NULL,
    title text NOT NULL CHECK (btrim(title) <> ''),
    title_en text NOT NULL DEFAULT '',
    owner text NOT NULL CHECK (btrim(owner) <> ''),
    due date NOT NULL,
    delivered_on date,
    note text NOT NULL DEFAULT '',
    made_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT promise_pkey PRIMARY KEY (promise_no),
    CONSTRAINT promise_key UNIQUE (org_code, title)
);

-- `escalated_at` as above. `refused_basis`: the law a refusal rests on.
ALTER TABLE sharing.data_agreement
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN refused_basis text NOT NULL DEFAULT '',
    ADD CONSTRAINT data_agreement_refusal_cites_the_law CHECK (state <> 'refused' OR refused_basis <> '');
CREATE INDEX data_agreement_waiting_idx ON sharing.data_agreement (due) WHERE state = 'proposed';

GRANT SELECT, UPDATE ON exchange.change, sharing.change TO dancu_app, dancu_worker;
GRANT SELECT ON exchange.change, sharing.change TO dancu_verify, dancu_gate;
GRANT SELECT, INSERT ON exchange.step TO dancu_app, dancu_worker;
GRANT SELECT, INSERT, UPDATE ON exchange.promise TO dancu_app;
GRANT SELECT ON exchange.step TO dancu_verify;
GRANT SELECT ON exchange.promise TO dancu_worker, dancu_verify;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA exchange TO dancu_app, dancu_worker;
GRANT UPDATE (escalated_at) ON exchange.partner TO dancu_worker;
GRANT UPDATE (escalated_at) ON sharing.data_agreement TO dancu_worker;
GRANT UPDATE (escalated_at, refused_basis) ON sharing.data_agreement TO dancu_app;
