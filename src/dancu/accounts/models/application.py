"""Applications for an account: what was claimed, what the check found, what the desk sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from dancu.cards.models import Reference


class ApplicationState(StrEnum):
    """`SUBMITTED`: not checked yet. `WAITING`: for an officer. `SECOND`: for the second officer."""

    SUBMITTED = "submitted"
    WAITING = "waiting"
    SECOND = "second"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def open(self) -> bool:
        return self in (ApplicationState.SUBMITTED, ApplicationState.WAITING, ApplicationState.SECOND)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the applicant wrote. `birth` is a partial date in ISO form. Kept encrypted; never logged."""

    number: str
    name: str
    birth: str
    phone: str = ""
    email: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Claim:
        return cls(**{name: str(values.get(name, "")) for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Application:
    """One application as rows say it; the claim is opened separately."""

    application_id: int
    ref: str
    person_key: int
    level: int
    channel: str
    state: ApplicationState
    reasons: tuple[str, ...]
    findings: dict[str, Any]
    rule: str
    unit_id: int | None
    assisted: bool
    guardian_key: int | None
    language: str
    submitted_at: datetime
    due_on: date
    escalated_at: datetime | None
    decided_at: datetime | None
    decision: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the desk's queue."""

    application_id: int
    ref: str
    person_key: int
    level: int
    channel: str
    state: ApplicationState
    reasons: tuple[str, ...]
    submitted_at: datetime
    due_on: date
    escalated_at: datetime | None
    assisted: bool

    def overdue(self, today: date) -> bool:
        return self.due_on < today


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found out, for the policy: agreements are words of population's comparison ("yes", "close", "no",
    "unknown"), `subscriber` the operator's ("match", "differs", "unknown")."""

    number_known: bool
    name: str = "unknown"
    birth: str = "unknown"
    alive: bool = True
    age: int | None = None
    has_account: bool = False
    phone_taken: bool = False
    subscriber: str = "unknown"
    card_valid: bool = False
    busy: bool = False
    guardian_proved: bool = False
    by_guardian: bool = False
    another_open: bool = False
    portrait_checked: bool = False

    def as_findings(self) -> dict[str, Any]:
        """What may be kept beside the application: words, no personal data."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "age"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The desk's page of one application: claimed beside registered. `contact_known`: the registry knows a way to reach
    the person it has. `reference`: the portrait the state has,
    where there is one and the decision needs it; the picture itself is asked for apart. `awaits_card`: approved, the account
    stays locked until a card is in force."""

    application: Application
    claim: Claim
    rows: tuple[tuple[str, str, str], ...] = ()
    portrait: bytes | None = None
    registered: bool = False
    contact_known: bool = False
    findings: dict[str, Any] = field(default_factory=dict)
    reference: Reference | None = None
    awaits_card: bool = False
