"""The SQL of sharing."""
