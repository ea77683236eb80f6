"""News of this room. Payloads hold keys and kinds only."""

CASE_OPENED = "quality.case.opened"
CASE_ANSWERED = "quality.case.answered"
