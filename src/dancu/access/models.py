"""Words of access. Dates are days in Vietnam; `valid_to` is the first day on which a thing no longer
holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Certainty(StrEnum):
    """How sure the project is of a legal fact."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Permission:
    code: str
    name: str
    name_en: str
    area_bound: bool


@dataclass(frozen=True, slots=True)
class Role:
    code: str
    name: str
    name_en: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReadingLimit:
    """Persons a role may be shown by search in an `hour` and a `day`; `usual`: different persons its work needs a day."""

    role: str
    hour: int
    day: int
    usual: int


@dataclass(frozen=True, slots=True)
class LegalBasis:
    code: str
    name: str
    name_en: str
    valid_from: date
    valid_to: date | None
    certainty: Certainty
    note: str = ""

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of the catalogue; a chosen one with its basis and case is `dancu.kernel.actor.Purpose`."""

    code: str
    name: str
    name_en: str
    valid_from: date
    valid_to: date | None
    bases: tuple[str, ...]
    permissions: tuple[str, ...]

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class PurposeRule:
    purpose: str
    permission: str
    basis: str
    valid_from: date
    valid_to: date | None


class OrganisationKind(StrEnum):
    GOVERNMENT = "government"
    COMMITTEE = "committee"
    POLICE = "police"
    JUSTICE = "justice"
    ONE_STOP = "one_stop"
    INSPECTORATE = "inspectorate"
    MINISTRY = "ministry"
    ENTERPRISE = "enterprise"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Organisation:
    org_code: str
    name: str
    name_en: str
    kind: OrganisationKind
    parent: str | None
    valid_from: date | None
    valid_to: date | None


class StaffState(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Staff:
    staff_id: int
    login: str
    display_name: str
    org_code: str
    os_user: str | None
    state: StaffState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role in an organisation over units. `unit_ids` are territory units as they stood on `units_as_of`;
    `head` marks the person who leads the organisation and is told of its staff's emergency openings."""

    assignment_id: int
    staff_id: int
    org_code: str
    role: str
    unit_ids: tuple[int, ...]
    units_as_of: date
    head: bool
    valid_from: date
    valid_to: date | None
    ended: bool = False

    def in_force(self, day: date) -> bool:
        return not self.ended and self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Right:
    """One permission a staff member has today: everywhere (`national`) or in `areas`, until the day
    `until`."""

    permission: str
    national: bool
    areas: frozenset[int]
    until: date

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return self.until - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a sign-in checks. Kept in memory for one request, never shown."""

    staff_id: int
    state: StaffState
    display_name: str
    org_code: str
    password_hash: str | None
    totp_secret: bytes | None
    totp_step: int | None
    setup_hash: bytes | None
    setup_until: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner may see it; `session_id` is the hex of the token's hash, not the token."""

    session_id: str
    channel: str
    stage: str
    persona: str | None
    created_at: datetime
    last_seen: datetime
    expires_at: datetime
    network: str
    agent: str


class SignInState(StrEnum):
    OK = "ok"
    ENROL = "enrol"  # the password was right, a second factor must be set up before anything else
    REFUSED = "refused"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The outcome of a sign-in. A value and not an exception: what a failure writes (the throttle's charge,
    its evidence) must be committed. `token` is set for OK and ENROL, `device` where the browser should be
    remembered."""

    state: SignInState
    token: str = ""
    device: str = ""
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Persona:
    """A demonstration persona: whom one can step in as, and where they begin."""

    code: str
    actor_kind: str
    actor_id: int
    title: str
    title_en: str
    story: str
    story_en: str
    home: str


@dataclass(frozen=True, slots=True)
class PastOrganisation:
    """What an organisation was called and belonged to from `valid_from` to before `valid_to`."""

    org_code: str
    name: str
    name_en: str
    parent: str | None
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """One emergency opening, as the supervisor and the auditor see it."""

    glass_id: int
    person_key: int
    staff_id: int
    staff_name: str
    org_code: str
    org_name: str
    purpose: str
    legal_basis: str
    case_ref: str
    reason: str
    opened_at: datetime
    expires_at: datetime
    reviewed_at: datetime | None
    reviewed_by: int | None
    finding: str | None
    comment: str | None
