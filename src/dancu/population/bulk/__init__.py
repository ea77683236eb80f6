"""Bulk writing: validated drafts of new persons and households go by COPY into every table of the
registry, with their evidence (one entry a person, committing to the facts) and their events, chunk by
chunk, each chunk one transaction.

Public: `load`, `reserve`, `BulkResult`. The verbs of the registry change one person after checks; this
writes persons that nobody knows yet, as an import or the filling of a demonstration needs it.
"""

from dancu.population.bulk.load import BulkResult, Reserved, load, reserve

__all__ = ["BulkResult", "Reserved", "load", "reserve"]
