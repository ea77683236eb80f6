-- Data exchange: which organisations are connected, with which programs and certificates, what was agreed, and every call
-- they made. Nothing here is about a citizen: whom a call was about stands in the evidence log alone.

CREATE SCHEMA exchange;
GRANT USAGE ON SCHEMA exchange TO dancu_app, dancu_worker, dancu_verify, dancu_gate;
-- Integrated documents of citizens.
CREATE SCHEMA credentials;
GRANT USAGE ON SCHEMA credentials TO dancu_app, dancu_worker, dancu_verify, dancu_gate;

-- An organisation on its way to being connected. `level`: security level of its information system (85/2016/NĐ-CP).
-- `contacts`, `checklist`: what it declared. `due`: the day by which its request is answered.
CREATE TABLE exchange.partner (
    org_code text NOT NULL,
    state text NOT NULL DEFAULT 'applied'
        CHECK (state IN ('applied', 'security_check', 'sandbox', 'live', 'suspended', 'revoked', 'refused')),
    level smallint NOT NULL DEFAULT 3 CHECK (level BETWEEN 1 AND 5),
    contacts jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(contacts) = 'object'),
    checklist jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(checklist) = 'object'),
    applied_at timestamptz NOT NULL DEFAULT now(),
    due date,
    live_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL DEFAULT '',
    CONSTRAINT partner_pkey PRIMARY KEY (org_code),
    CONSTRAINT partner_stopped_says_why CHECK (state NOT IN ('suspended', 'revoked', 'refused') OR reason <> '')
);

-- A program of a partner: an OIDC client of its own (oidc.client) that makes calls. In the sandbox it is answered about invented
-- people only.
CREATE TABLE exchange.system (
    client_no bigint NOT NULL,
    org_code text NOT NULL,
    name text NOT NULL CHECK (btrim(name) <> ''),
    environment text NOT NULL DEFAULT 'sandbox' CHECK (environment IN ('sandbox', 'live')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT system_pkey PRIMARY KEY (client_no),
    CONSTRAINT system_partner_fkey FOREIGN KEY (org_code) REFERENCES exchange.partner (org_code)
);
CREATE INDEX system_org_idx ON exchange.system (org_code);

-- Certificates of programs: `thumbprint` is the SHA-256 of the certificate (x5t#S256), `spki` its public key (DER), with
-- which the program's messages are checked.
CREATE TABLE exchange.certificate (
    serial text NOT NULL CHECK (serial ~ '^[0-9a-f]{1,40}$'),
    client_no bigint NOT NULL,
    thumbprint bytea NOT NULL CHECK (octet_length(thumbprint) = 32),
    spki bytea NOT NULL,
    pem text NOT NULL,
    subject text NOT NULL,
    issuer text NOT NULL,
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL,
    revoked_at timestamptz,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT certificate_pkey PRIMARY KEY (serial),
    CONSTRAINT certificate_thumbprint_key UNIQUE (thumbprint),
    CONSTRAINT certificate_system_fkey FOREIGN KEY (client_no) REFERENCES exchange.system (client_no),
    CONSTRAINT certificate_in_time CHECK (not_after > not_before)
);
CREATE INDEX certificate_client_idx ON exchange.certificate (client_no);

-- One line per call. The key is the replay mark: a program's message id works once. `digest`: SHA-256 of the request's body as
-- signed. `entries`: how many persons it was about (their entries carry the same message id). Both sides keep such a log
-- (46/2022/TT-BCA); a nightly run compares them.
CREATE TABLE exchange.call (
    client_no bigint NOT NULL,
    message_id text NOT NULL CHECK (length(message_id) BETWEEN 16 AND 64),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    org_code text NOT NULL,
    environment text NOT NULL CHECK (environment IN ('sandbox', 'live')),
    service text NOT NULL,
    officer text NOT NULL DEFAULT '',
    purpose text NOT NULL DEFAULT '',
    legal_basis text NOT NULL DEFAULT '',
    case_ref text NOT NULL DEFAULT '',
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    verdict text NOT NULL DEFAULT 'ok',
    entries integer NOT NULL DEFAULT 0,
    micros integer NOT NULL DEFAULT 0,
    CONSTRAINT call_pkey PRIMARY KEY (client_no, message_id)
);
CREATE INDEX call_at_idx ON exchange.call USING brin (at);
CREATE INDEX call_org_idx ON exchange.call (org_code, at);

-- How much of a day's quota was handed out to application processes, in blocks.
CREATE TABLE exchange.quota (
    org_code text NOT NULL,
    service text NOT NULL,
    day date NOT NULL,
    leased bigint NOT NULL CHECK (leased >= 0),
    CONSTRAINT quota_pkey PRIMARY KEY (org_code, service, day)
);

-- What was agreed for a data service. One row per version; terms never change. `purposes`: purpose code -> legal basis.
-- `hours`: [from, to) of the day, in local time. Two different people stand behind one in force. `sealed`: the terms and both
-- acts as a JWS of the platform; `partner_seal`: the same terms signed by the partner's own key, where it has signed.
CREATE TABLE sharing.data_agreement (
    org_code text NOT NULL,
    service text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    fields text[] NOT NULL,
    purposes jsonb NOT NULL CHECK (jsonb_typeof(purposes) = 'object' AND purposes <> '{}'),
    consent_needed boolean NOT NULL DEFAULT false,
    quota_day bigint NOT NULL DEFAULT 100000 CHECK (quota_day > 0),
    hours int4range NOT NULL DEFAULT '[0,24)' CHECK (NOT isempty(hours) AND hours <@ '[0,24)'::int4range),
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid) AND NOT upper_inf(valid)),
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'in_force', 'refused', 'replaced', 'ended')),
    due date,
    proposed_by bigint NOT NULL,
    proposed_org text NOT NULL,
    proposed_at timestamptz NOT NULL,
    proposed_entry bigint NOT NULL,
    partner_seal text NOT NULL DEFAULT '',
    agreed_by bigint,
    agreed_org text,
    agreed_at timestamptz,
    agreed_entry bigint,
    sealed text,
    closed_by bigint,
    closed_at timestamptz,
    closed_entry bigint,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT data_agreement_pkey PRIMARY KEY (org_code, service, version),
    CONSTRAINT data_agreement_two_people CHECK (agreed_by IS NULL OR agreed_by <> proposed_by OR agreed_by = 0),
    CONSTRAINT data_agreement_in_force_is_whole CHECK (state NOT IN ('in_force', 'replaced', 'ended')
        OR (agreed_by IS NOT NULL AND agreed_at IS NOT NULL AND agreed_entry IS NOT NULL AND sealed IS NOT NULL)),
    CONSTRAINT data_agreement_closed_says_when CHECK ((state IN ('refused', 'replaced', 'ended')) = (closed_at IS NOT NULL)),
    CONSTRAINT data_agreement_refusal_says_why CHECK (state <> 'refused' OR reason <> '')
);
CREATE UNIQUE INDEX data_agreement_one_in_force ON sharing.data_agreement (org_code, service) WHERE state = 'in_force';
CREATE UNIQUE INDEX data_agreement_one_proposed ON sharing.data_agreement (org_code, service) WHERE state = 'proposed';

GRANT SELECT, INSERT, UPDATE ON exchange.partner, exchange.system, exchange.certificate, exchange.quota TO dancu_app;
GRANT SELECT, INSERT ON exchange.call TO dancu_app;
GRANT SELECT, INSERT ON sharing.data_agreement TO dancu_app;
GRANT UPDATE (state, due, partner_seal, agreed_by, agreed_org, agreed_at, agreed_entry, sealed, closed_by, closed_at,
    closed_entry, reason) ON sharing.data_agreement TO dancu_app;
GRANT SELECT ON exchange.partner, exchange.system, exchange.certificate, exchange.call, exchange.quota, sharing.data_agreement
    TO dancu_worker, dancu_verify, dancu_gate;
GRANT INSERT ON exchange.call TO dancu_gate;
GRANT INSERT, UPDATE ON exchange.quota TO dancu_gate;
