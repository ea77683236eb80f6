-- Messages of outside dialects are not kept for ever: the worker erases them after the time that docs/dialects.md states.

CREATE INDEX dialect_message_at_idx ON exchange.dialect_message (at);
CREATE INDEX dialect_callback_settled_idx ON exchange.dialect_callback (made_at) WHERE sealed IS NULL;
GRANT SELECT, DELETE ON exchange.dialect_message TO dancu_worker;
GRANT DELETE ON exchange.dialect_callback TO dancu_worker;

-- A partner's program has no sign-in that anybody could approve: whether it is on trial or live is said by its connection.
UPDATE oidc.client c SET state = 'live', changed_at = now()
  FROM exchange.system s JOIN exchange.partner p USING (org_code)
 WHERE c.client_no = s.client_no AND c.state = 'test' AND s.environment = 'live' AND p.state = 'live';
