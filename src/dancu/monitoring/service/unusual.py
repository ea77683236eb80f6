"""Reading that stands out: who saw far more people than their work needs, at what hours, refused how often, and whom
many looked at. Staff and counts; whom they looked at is not said here. A sign to ask about, never a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from dancu.access import service as access
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.monitoring import store

LONGEST = timedelta(days=31)


class AlertKind(StrEnum):
    MANY_PERSONS = "many_persons"
    SAME_PERSON = "same_person"
    OFF_HOURS = "off_hours"
    REFUSALS = "refusals"
    EXPORTED = "exported"
    BREAK_GLASS = "break_glass"


@dataclass(frozen=True, slots=True)
class StaffName:
    """A staff member as the auditor needs them: id for the search of the log, name, organisation."""

    staff_id: int
    name: str
    org_code: str


@dataclass(frozen=True, slots=True)
class Alert:
    """`counted` of the kind's thing by `staff` (several for SAME_PERSON), between `first_at` and `last_at`. `mark`: from
    how many on it is shown; for BREAK_GLASS how many openings still wait for a review."""

    kind: AlertKind
    staff: tuple[StaffName, ...]
    counted: int
    mark: int
    first_at: datetime
    last_at: datetime


async def unusual(
    conn: Conn, actor: Actor, purpose: Purpose, since: datetime, until: datetime | None = None
) -> dict[AlertKind, list[Alert]]:
    """What stands out from `since` to before `until` (default now), by kind, every kind present. The look is recorded.
    Raises Invalid for a period over 31 days, NotAllowed without `audit.read`."""
    until = until or datetime.now(UTC)
    if not since < until <= since + LONGEST:
        raise Invalid("unusual.period", N_("Khoảng thời gian dài nhất là 31 ngày."))
    rows = await store.unusual(conn, actor, purpose, since, until)
    ids = {one for row in rows for one in _staff_of(row)}
    names = {s.staff_id: StaffName(s.staff_id, s.display_name, s.org_code) for s in await access.staff_named(conn, ids)}
    found: dict[AlertKind, list[Alert]] = {kind: [] for kind in AlertKind}
    for row in rows:
        kind, _, counted, mark, _, first_at, last_at = row
        staff = tuple(names.get(one, StaffName(one, "", "")) for one in _staff_of(row))
        found[AlertKind(kind)].append(Alert(AlertKind(kind), staff, counted, mark, first_at, last_at))
    return found


def _staff_of(row: store.Row) -> list[int]:
    _, staff_id, _, _, who, _, _ = row
    return who or ([staff_id] if staff_id is not None else [])
