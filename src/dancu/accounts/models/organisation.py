"""Organisations' accounts and whom they mandate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from dancu.kit.i18n import N_


class OrganisationState(StrEnum):
    WAITING = "waiting"
    ACTIVE = "active"
    REFUSED = "refused"
    CLOSED = "closed"


# What a representative may mandate somebody to do in the organisation's name.
POWERS = {
    "submit": N_("Nộp và theo dõi hồ sơ của tổ chức"),
    "sign": N_("Ký hồ sơ thay tổ chức"),
    "clients": N_("Đăng ký phần mềm kết nối của tổ chức"),
    "receive": N_("Nhận kết quả và thông báo"),
}


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation's one account; it has no levels. `in_databases`: its data are in the national databases, which
    shortens the time to answer."""

    organisation_no: int
    tax_code: str
    name: str
    state: OrganisationState
    unit_id: int | None
    in_databases: bool
    submitted_at: datetime
    due_on: date
    decision: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """What one person may do for an organisation, and for how long (`until` None: until it is ended)."""

    person_key: int
    mandate_id: int
    organisation_no: int
    kind: str
    powers: tuple[str, ...]
    since: date
    until: date | None
    given_at: datetime
    ended_at: datetime | None

    def holds(self, day: date) -> bool:
        return self.ended_at is None and self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """For whom somebody acts today, as a service reads it: the organisation, as its representative or as staff, to do what (codes of POWERS)."""

    tax_code: str
    name: str
    representative: bool
    powers: tuple[str, ...]
