"""Verbs of oidc, one module each: `from dancu.oidc.service import core`."""
