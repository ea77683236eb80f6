"""Reconciling a partner's file with the registry: `runs` (submit, state, results), `work` (a run, chunk by chunk)."""
