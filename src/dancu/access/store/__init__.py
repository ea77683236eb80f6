"""SQL of the schema `access`, and nothing but SQL: models in, models out."""
