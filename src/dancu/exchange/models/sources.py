"""How the ministries' own databases fare, as whoever is on duty needs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Health(StrEnum):
    """`OPEN`: it failed too often and is left alone for a while. `OLD`: it answers, with data older than it should be. `UNASKED`:
    connected, nobody asked yet."""

    ANSWERS = "answers"
    OLD = "old"
    FAILS = "fails"
    OPEN = "open"
    UNASKED = "unasked"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True, slots=True)
class Fared:
    """Counts of all askings; `mean_ms` and `mean_failed` (0 to 1) of about the last score. `as_of`: day of the data in the last answer."""

    connector: str
    asked: int
    failed: int
    last_ok: datetime | None
    last_failed: datetime | None
    failure: str
    milliseconds: int | None
    mean_ms: float | None
    mean_failed: float
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Drop:
    """A file that was taken."""

    connector: str
    drop_id: str
    as_of: date
    lines: int
    taken: int
    unknown: int
    refused: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Drops:
    """Files of one source: the last taken, how many wait and how many were refused. `next_by`: the day the following one should be here:
    as far from the last as that was from the one before, or as old as the source's data may become."""

    last: Drop | None
    next_by: date | None
    waiting: int
    refused: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source. `seconds`, `old_days`: its limits by definition. `breaker_open`: in the process that made this page. `drops`: None
    where nothing ever came by file."""

    code: str
    title: str
    owner: str
    connected: bool
    breaker_open: bool
    fared: Fared | None
    seconds: float
    old_days: int
    today: date
    drops: Drops | None

    @property
    def as_of(self) -> date | None:
        """The newest day of its data that we saw."""
        seen = [day for day in (self.fared and self.fared.as_of, self.drops and self.drops.last and self.drops.last.as_of) if day]
        return max(seen, default=None)

    @property
    def age(self) -> int | None:
        """Days."""
        return (self.today - self.as_of).days if self.as_of else None

    @property
    def is_old(self) -> bool:
        return self.age is not None and self.age > self.old_days

    @property
    def drop_overdue(self) -> bool:
        return self.drops is not None and self.drops.next_by is not None and self.drops.next_by < self.today

    @property
    def health(self) -> Health:
        by_file = self.drops is not None and self.drops.last is not None
        if not self.connected and not by_file:
            return Health.NOT_CONNECTED
        if self.breaker_open or (self.fared is not None and self.fared.failure == "open"):
            return Health.OPEN
        if self.fared is not None and self.fared.failure and self.connected:
            return Health.FAILS
        if self.is_old:
            return Health.OLD
        return Health.ANSWERS if by_file or (self.fared is not None and self.fared.last_ok) else Health.UNASKED


def next_by(last: Drop, before: Drop | None, old_days: int) -> date:
    """When the file after `last` should be here."""
    gap = last.as_of - before.as_of if before is not None else timedelta(days=old_days)
    return last.as_of + (gap if gap > timedelta() else timedelta(days=old_days))
