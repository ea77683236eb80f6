"""What is promised of data services, what was measured, and how provinces stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Target:
    """`availability`: percent of calls that are answered at least; `p95_ms`: of answers, 95 in 100 come faster."""

    availability: float
    p95_ms: int


@dataclass(frozen=True, slots=True)
class TargetSet:
    """That a target was set, or ended (`target` None). `service`, `org_code`: "" for any. `staff_id` None: the platform's operator."""

    service: str
    org_code: str
    target: Target | None
    reason: str
    staff_id: int | None
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """Calls of one organisation to one service. `answered`: also with no, which is an answer; `unanswered`: we could not; `refused`:
    for what the caller did; `p95` in milliseconds."""

    org_code: str
    name: str
    service: str
    answered: int
    refused: int
    unanswered: int
    p95: float
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Level:
    """Promise and measurement. Refusals say nothing of us, so they count neither way."""

    measured: Measured
    target: Target

    @property
    def availability(self) -> float | None:
        """Percent; None where there was nothing to answer."""
        asked = self.measured.answered + self.measured.unanswered
        return 100 * self.measured.answered / asked if asked else None

    @property
    def available(self) -> bool:
        return self.availability is None or self.availability >= self.target.availability

    @property
    def fast(self) -> bool:
        return not self.measured.answered or self.measured.p95 <= self.target.p95_ms

    @property
    def kept(self) -> bool:
        return self.available and self.fast


class Standing(StrEnum):
    """A province: `CALLS` as it should; `ERRORS`: many calls refused, or what we promised it was not kept; `SILENT`: live, called
    nothing in the period; `JOINING`; `STOPPED`; `NOT_CONNECTED`."""

    CALLS = "calls"
    ERRORS = "errors"
    SILENT = "silent"
    JOINING = "joining"
    STOPPED = "stopped"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True, slots=True)
class Tile:
    """A province on the map: `row` and `column` from the north-west. `org_code` "": none of its organisations is known here."""

    code: str
    name: str
    row: int
    column: int
    standing: Standing
    org_code: str
    calls: int
    refused: int
    unanswered: int
