"""SQL of cards: reference samples (two connections: the application's writes, dancu_biometric's reads) and orders."""
