"""What went over the exchange in a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

#: From this share of refused calls on something is wrong at the caller's; of fewer calls than `ENOUGH` a share tells nothing.
MANY_REFUSED: Final = 0.2
ENOUGH: Final = 10


def many_refused(calls: int, refused: int) -> bool:
    """Is more refused than honest work explains?"""
    return calls >= ENOUGH and refused / calls > MANY_REFUSED


@dataclass(frozen=True, slots=True)
class Line:
    """Calls of one organisation to one data service. `persons`: entries they left, and whom runs of reconciling compared; `p50`, `p95` in milliseconds; `used`: share of
    today's quota handed out, None without an agreement; `officers`: how many different acting officers were named."""

    org_code: str
    name: str
    service: str
    calls: int
    refused: int
    persons: int
    officers: int
    p50: float
    p95: float
    last_at: datetime
    used: float | None

    @property
    def many_refused(self) -> bool:
        return many_refused(self.calls, self.refused)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How often an organisation was refused with one code."""

    org_code: str
    name: str
    code: str
    calls: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """News that does not reach an organisation. `since`: it cannot be delivered from then on; `paused`: given up, its place is kept; `letters`:
    refused events nobody has settled."""

    org_code: str
    name: str
    since: datetime | None
    paused: bool
    letters: int


@dataclass(frozen=True, slots=True)
class Source:
    """How a ministry's own database answers. `milliseconds`: of the last answer."""

    code: str
    asked: int
    failed: int
    last_ok: datetime | None
    last_failed: datetime | None
    failure: str
    milliseconds: int | None


@dataclass(frozen=True, slots=True)
class Program:
    """A partner's program and whose it is. `held_until`: an alert holds it until then."""

    client_no: int
    name: str
    org_code: str
    org_name: str
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """One call. `officer` and `case_ref`: as the partner stated them; `persons`: whom it was answered about."""

    at: datetime
    message_id: str
    service: str
    verdict: str
    officer: str
    purpose: str
    case_ref: str
    persons: int
