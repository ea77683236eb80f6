"""Who looked at whom, in plain words; the auditor's search; what stands out."""

from dancu.monitoring.service.looks import ACTION, FIELD, Look, Looks, ask, looks_of, search_log
from dancu.monitoring.service.unusual import Alert, AlertKind, StaffName, unusual

__all__ = [
    "ACTION", "FIELD", "Alert", "AlertKind", "Look", "Looks", "StaffName", "ask", "looks_of", "search_log", "unusual",
]  # fmt: skip
