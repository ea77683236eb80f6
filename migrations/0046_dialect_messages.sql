-- Messages of outside dialects that are answered later (SPDCI): which came, so that none counts twice, and what became of each,
-- without the data: those go to the sender once.

CREATE TABLE exchange.dialect_message (
    sender text NOT NULL CHECK (length(sender) BETWEEN 1 AND 200),
    message_id text NOT NULL CHECK (length(message_id) BETWEEN 1 AND 200),
    transaction_id text NOT NULL,
    correlation_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('search', 'subscribe', 'unsubscribe')),
    outcome jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT dialect_message_pkey PRIMARY KEY (sender, message_id)
);
CREATE INDEX dialect_message_transaction_idx ON exchange.dialect_message (sender, transaction_id);
CREATE INDEX dialect_message_correlation_idx ON exchange.dialect_message (sender, correlation_id);

-- A sender's subscription in the words of its dialect: `criteria` as sent.
CREATE TABLE exchange.dialect_subscription (
    code uuid NOT NULL,
    sender text NOT NULL,
    url text NOT NULL DEFAULT '',
    criteria jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT dialect_subscription_pkey PRIMARY KEY (code)
);
CREATE INDEX dialect_subscription_sender_idx ON exchange.dialect_subscription (sender) WHERE ended_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON exchange.dialect_message, exchange.dialect_subscription TO dancu_app;
GRANT SELECT ON exchange.dialect_subscription TO dancu_worker;
GRANT SELECT ON exchange.dialect_message, exchange.dialect_subscription TO dancu_verify;
