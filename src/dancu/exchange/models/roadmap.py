"""The roadmap: where every organisation stands, and every data set that was promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Group(StrEnum):
    MINISTRY = "ministry"
    PROVINCE = "province"
    ENTERPRISE = "enterprise"


class Stage(StrEnum):
    """`UNUSED`: live, and nothing was called in `UNUSED_DAYS`. `SUSPENDED`: revoked ones too."""

    NOT_JOINED = "not_joined"
    SECURITY_CHECK = "security_check"
    SANDBOX = "sandbox"
    LIVE = "live"
    UNUSED = "unused"
    SUSPENDED = "suspended"


UNUSED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One organisation. `due`: the most urgent answer of ours it waits for, to its application or an
    agreement it signed; `overdue`: days that answer is late; `late_promises`: its data sets that are late."""

    org_code: str
    name: str
    group: Group
    stage: Stage
    since: date | None
    last_call: datetime | None
    due: date | None
    overdue: int
    escalated: bool
    late_promises: int
    open_promises: int


@dataclass(frozen=True, slots=True)
class Promise:
    """A data set an organisation promised to share. `owner`: the unit or person who answers for it."""

    promise_no: int
    org_code: str
    title: str
    title_en: str
    owner: str
    due: date
    delivered_on: date | None
    note: str

    def overdue(self, day: date) -> int:
        """Days since it should flow; 0 where it does or has time; late deliveries are not counted on."""
        return max(0, (day - self.due).days) if self.delivered_on is None else 0
