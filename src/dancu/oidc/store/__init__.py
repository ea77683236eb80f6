"""The SQL of oidc."""
