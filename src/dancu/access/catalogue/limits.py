"""How much reading each role's work needs: limits of search, and what is usual.

A search shows at most 20 people; many searches after each other could still read a whole ward. The limits are far above a
busy day at the desk and far below a commune. An installation sets its own beside them (columns `own_…` of
access.reading_limit, docs/security.md). Roles without a row search nothing.
"""

from __future__ import annotations

from dancu.access.models import ReadingLimit

_ALL = (
    # The area's officer: visits, declarations, a search or two each.
    ReadingLimit("ward_police", hour=200, day=800, usual=60),
    ReadingLimit("civil_status_clerk", hour=200, day=800, usual=60),
    # A counter in a city: a queue the whole day, common names from everywhere.
    ReadingLimit("one_stop_officer", hour=300, day=1500, usual=120),
    # Cleaning works through lists of records, day after day.
    ReadingLimit("registrar", hour=600, day=4000, usual=600),
)
LIMITS = {limit.role: limit for limit in _ALL}
