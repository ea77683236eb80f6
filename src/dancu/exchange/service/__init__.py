"""Verbs of data exchange, one module per part; callers name the module."""
