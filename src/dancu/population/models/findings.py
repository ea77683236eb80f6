"""What the registry noticed about its own data and nobody has settled yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """`code` is stable and dotted; `source_ref`: file and row, book and page it came with."""

    finding_id: int
    code: str
    source_ref: str
    found_at: datetime
