"""Verbs of accounts, one module each: `from dancu.accounts.service import core`."""
