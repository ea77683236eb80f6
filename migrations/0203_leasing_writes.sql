-- exchange.lease runs as its caller too.
GRANT INSERT ON exchange.quota TO dancu_app, dancu_worker;
