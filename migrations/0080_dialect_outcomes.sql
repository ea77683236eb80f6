-- What became of a dialect's message is asked after by the references and subscription codes in it, too.

CREATE INDEX dialect_message_outcome_idx ON exchange.dialect_message USING gin (outcome jsonb_path_ops);
