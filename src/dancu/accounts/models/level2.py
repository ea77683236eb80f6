"""Level 2: offices and devices, a visit to one, what came of a capture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any


class OfficeKind(StrEnum):
    POST = "post"  # commune police post
    ID_OFFICE = "id_office"
    MOBILE = "mobile"
    MARKET_DAY = "market_day"
    HOME_VISIT = "home_visit"


class DeviceKind(StrEnum):
    CARD_READER = "card_reader"
    CAMERA = "camera"
    FINGERPRINT = "fingerprint"
    KIT = "kit"


class DeviceState(StrEnum):
    """`FAILING` works now and then: it serves, but the citizen is sent elsewhere where that is as near."""

    WORKING = "working"
    FAILING = "failing"
    BROKEN = "broken"
    RETIRED = "retired"


Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Office:
    """Where level 2 is done. `hours`: ISO weekday (1 Monday) to the spans it is open; `days`: where not empty, the only
    days it is open. `devices`: how many of each kind serve now."""

    office_id: int
    name: str
    kind: OfficeKind
    org_code: str
    unit_id: int
    place: str
    phone: str
    hours: Mapping[int, tuple[Span, ...]]
    days: tuple[date, ...]
    valid_from: date
    valid_to: date | None
    devices: Mapping[str, int] = field(default_factory=dict)

    def exists_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def can_serve(self, needs: frozenset[str]) -> bool:
        """A doorstep kit takes everything; else each kind needed has a device that serves."""
        return not self.lacks(needs)

    def lacks(self, needs: frozenset[str]) -> tuple[str, ...]:
        """The kinds needed of which no device serves, in order."""
        return () if self.devices.get(DeviceKind.KIT) else tuple(sorted(kind for kind in needs if not self.devices.get(kind)))


@dataclass(frozen=True, slots=True)
class Device:
    device_id: int
    office_id: int
    kind: DeviceKind
    model: str
    serial: str
    state: DeviceState
    state_since: datetime
    since: date
    failures: int = 0


@dataclass(frozen=True, slots=True)
class OfficeChoice:
    """An office a citizen may be sent to: how far (km, None where unknown) and when it opens next."""

    office: Office
    kilometres: float | None
    opens: tuple[date, Span] | None


class Means(StrEnum):
    """What named the person at the counter."""

    QR = "qr"
    MRZ = "mrz"
    TYPED = "typed"


class VisitState(StrEnum):
    """`SECOND`: decided by one officer, waits for another. The last three are ends."""

    OPEN = "open"
    SECOND = "second"
    APPROVED = "approved"
    REFUSED = "refused"
    ABANDONED = "abandoned"


class CaptureKind(StrEnum):
    PORTRAIT = "portrait"
    FINGERPRINT = "fingerprint"


class Outcome(StrEnum):
    MATCHED = "matched"
    DIFFERS = "differs"
    NO_REFERENCE = "no_reference"


@dataclass(frozen=True, slots=True)
class Capture:
    kind: CaptureKind
    outcome: Outcome
    score: float | None
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. `comparison`: field of the card to yes, close, no or unknown (the `card` itself: yes, expired, newer or unknown); `circumstances`: what the rule asks a
    second officer for; `guardian_key`: who came with a child."""

    person_key: int
    visit_id: int
    office_id: int
    channel: str
    opened_by: int
    opened_at: datetime
    state: VisitState
    rule: str
    means: Means
    comparison: Mapping[str, str]
    circumstances: tuple[str, ...]
    documents: tuple[str, ...]
    card_wanted: bool
    card_order: int | None
    confirmed_at: datetime | None
    confirmed_how: str
    submitted_at: datetime | None
    due_on: date | None
    decided_by: int | None
    decided_at: datetime | None
    second_by: int | None
    decision: str
    assisted: bool
    guardian_key: int | None = None
    captures: tuple[Capture, ...] = ()

    def capture(self, kind: str) -> Capture | None:
        return next((c for c in self.captures if c.kind == kind), None)

    @property
    def ended(self) -> bool:
        return self.state in (VisitState.APPROVED, VisitState.REFUSED, VisitState.ABANDONED)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the citizen states at the counter beyond what the registry knows."""

    phone: str = ""
    email: str = ""
    language: str = "vi"

    def as_json(self) -> dict[str, Any]:
        return {"phone": self.phone, "email": self.email, "language": self.language}


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A visit in a list: nothing about the person but the key."""

    visit_id: int
    person_key: int
    office_id: int
    channel: str
    state: VisitState
    opened_by: int
    opened_at: datetime
    due_on: date | None
    decided_by: int | None
    circumstances: tuple[str, ...]
    escalated_at: datetime | None = None

    def overdue(self, today: date) -> bool:
        return self.due_on is not None and today > self.due_on


@dataclass(frozen=True, slots=True)
class Helper:
    helper_id: int
    office_id: int
    name: str
    team: str
    added_at: datetime
    ended_at: datetime | None
