-- Rights to write that no statement of the program needs, because functions of the gate's role write there.
REVOKE UPDATE, DELETE ON accounts.passkey_directory FROM dancu_app;  -- a passkey is added; whose it is does not change
REVOKE INSERT, UPDATE, DELETE ON accounts.passkey_directory FROM dancu_worker;
REVOKE INSERT ON accounts.sign_in FROM dancu_app, dancu_worker;
REVOKE INSERT ON exchange.quota FROM dancu_app, dancu_worker;
REVOKE UPDATE ON oidc.family FROM dancu_worker;
