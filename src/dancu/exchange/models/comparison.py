"""A call as our log has it, and what comparing two logs found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Ours:
    at: datetime
    service: str
    digest: bytes
    verdict: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`found`: one line per difference: message_id, what ("only_ours", "only_theirs", "different"), at, service, and what else is
    known. `never_arrived`: they asked and had no answer, and we know nothing of it: no difference, a lost call."""

    since: str
    until: str
    matched: int
    only_ours: int
    only_theirs: int
    different: int
    never_arrived: int
    unreadable: int
    found: list[dict[str, Any]] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        return bool(self.only_ours or self.only_theirs or self.different)

    def as_json(self) -> dict[str, Any]:
        return {"differs": self.differs, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Night:
    """What a night found about one day of one organisation."""

    org_code: str
    day: date
    compared_at: datetime
    matched: int
    only_ours: int
    only_theirs: int
    different: int

    @property
    def differences(self) -> int:
        return self.only_ours + self.only_theirs + self.different
