"""Time. The registry's instants are UTC; a calendar day is a day in Vietnam, whatever the server's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, Protocol

#: Vietnam has one zone and no summer time; fixed, so that no zone database is needed.
VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
#: Resolution of recorded time, that of PostgreSQL's timestamptz.
TICK: Final = timedelta(microseconds=1)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def today(self) -> date:
        """The calendar day it now is in Vietnam."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return vietnam_day(self.now())


class SetClock:
    """A clock that stands where it was put: tests, and the demonstration's past years."""

    def __init__(self, at: datetime) -> None:
        self.set(at)

    def set(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self._at += by

    def now(self) -> datetime:
        return self._at

    def today(self) -> date:
        return vietnam_day(self._at)


def vietnam_day(at: datetime) -> date:
    """The calendar day in Vietnam at an aware instant."""
    return at.astimezone(VIETNAM).date()


def monotonic_after(now: datetime, last: datetime | None) -> datetime:
    """Recorded time of the next change: `now`, or one tick after `last` if the clock has not passed it.

    Two changes to one person in one transaction, or after a clock was set back, must not share an instant:
    the earlier fact's recorded range would be empty and its history lost.
    """
    return now if last is None else max(now, last + TICK)


SYSTEM_CLOCK: Final = SystemClock()
