"""SQL of data exchange, one module per thing."""
