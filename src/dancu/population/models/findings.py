"""What the registry noticed about its own data and nobody has settled yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """`code` is stable and dotted; `source_ref`: file and row, book and page it came with. `params`: fields and kinds it is
    about, and what is proposed: {"unit": unit_id} or {"place": text}."""

    finding_id: int
    code: str
    source_ref: str
    found_at: datetime
    params: dict[str, Any] = field(default_factory=dict)
