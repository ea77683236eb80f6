"""The way from applying to using, counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """Counts of one commune, week and channel. `applied` counts applications that arrived that week; the others accounts
    approved that week, however far they have come since."""

    unit_id: int
    week: date
    channel: str
    applied: int
    approved: int
    notified: int
    activated: int
    used: int


@dataclass(frozen=True, slots=True)
class Deadline:
    """How much of a kind ("application", "visit", "lock") waits in a commune (None: not of a commune), how much of it is
    late, and the earliest day that passed."""

    kind: str
    unit_id: int | None
    waiting: int
    overdue: int
    oldest: date | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An account behind a figure, for an officer of the place."""

    person_key: int
    level: int
    state: str
    channel: str
    approved_at: datetime
    activate_by: datetime | None
    activated_at: datetime | None
    idle_reason: str
