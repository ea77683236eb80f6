"""Valid time: the days a fact holds in the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Valid:
    """Half-open days [start, end). None is unbounded: start None = since before anyone asked, end None =
    still.

    Raises ValueError when empty or turned round: such a period says nothing and the database refuses it too.
    """

    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("empty period")

    def holds(self, on: date) -> bool:
        return (self.start is None or self.start <= on) and (self.end is None or on < self.end)

    def overlaps(self, other: Valid) -> bool:
        return (self.start is None or other.end is None or self.start < other.end) and (
            other.start is None or self.end is None or other.start < self.end
        )

    def minus(self, other: Valid) -> tuple[Valid, ...]:
        """What is left of this period outside `other`: none, one or two periods, in order."""
        if not self.overlaps(other):
            return (self,)
        left: tuple[Valid, ...] = ()
        if other.start is not None and (self.start is None or self.start < other.start):
            left = (Valid(self.start, other.start),)
        if other.end is not None and (self.end is None or other.end < self.end):
            left = (*left, Valid(other.end, self.end))
        return left

    def until(self, end: date) -> Valid | None:
        """This period cut off before `end`; None when nothing is left."""
        if self.start is not None and self.start >= end:
            return None
        return Valid(self.start, end if self.end is None else min(self.end, end))

    @property
    def last_day(self) -> date | None:
        """The last day that belongs to the period, for people to read (they count the end in)."""
        return None if self.end is None else self.end - timedelta(days=1)


ALWAYS = Valid()
