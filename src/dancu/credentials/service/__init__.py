"""Verbs of integrated documents: documents (ask, check against source and owner), screens (show, check), refresh (stay live)."""
