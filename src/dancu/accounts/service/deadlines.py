"""What has a deadline, counted: how much waits, how much of it is late and since when. Seen by who works in the area and by
who answers for it; what is late stands on top of the lists of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dancu.access import service as access
from dancu.accounts.models.funnel import Deadline
from dancu.accounts.store import funnel as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.territory.service import gazetteer

KINDS = ("application", "visit", "lock")
WORK, ANSWER = "eid.application.read", "dashboard.read"


@dataclass(frozen=True, slots=True)
class Due:
    """One kind in one commune ("" where it belongs to none)."""

    kind: str
    place: str
    waiting: int
    overdue: int
    oldest: date | None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`lines`: what is late, the oldest first."""

    waiting: int
    overdue: int
    lines: tuple[Due, ...]

    def of(self, kind: str) -> int:
        """How much of a kind is late."""
        return sum(line.overdue for line in self.lines if line.kind == kind)


async def deadlines(conn: Conn, actor: Actor, purpose: Purpose, *, permission: str = WORK) -> Deadlines:
    """Of the actor's area; counts alone. Needs `permission`: WORK at the desk, ANSWER at the dashboard."""
    return _summed(await store.deadlines(conn, actor, purpose, permission))


async def late_for(conn: Conn, actor: Actor) -> Deadlines | None:
    """For the top of an officer's list; None for who may not read applications."""
    return await deadlines(conn, actor, access.choose_purpose("eid_account")) if actor.can(WORK) else None


def _summed(found: Sequence[Deadline]) -> Deadlines:
    late = sorted((one for one in found if one.overdue), key=lambda one: (one.oldest or date.max, one.kind))
    lines = tuple(Due(one.kind, _place(one.unit_id), one.waiting, one.overdue, one.oldest) for one in late)
    return Deadlines(sum(one.waiting for one in found), sum(one.overdue for one in found), lines)


def _place(unit_id: int | None) -> str:
    return gazetteer().unit(unit_id).title if unit_id is not None else ""
