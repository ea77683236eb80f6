"""Verbs of integrated documents, one module per part."""
