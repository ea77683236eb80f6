"""Dates of which only the year, or the year and month, may be known. Many citizens' dates of birth are so; a
missing part is never filled with 01."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NoReturn

from ..errors import Invalid

_ISO: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


class Answer(StrEnum):
    """Answer to a question about partial dates."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    def __bool__(self) -> NoReturn:
        # `if a.before(b)` would take UNKNOWN for yes.
        raise TypeError("an Answer is yes, no or unknown: compare it with one of these")

    def __invert__(self) -> Answer:
        """The answer to the opposite question; unknown stays unknown."""
        return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(self, Answer.UNKNOWN)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A year, a year and month, or a full date of the Gregorian calendar. Has no order: "1990" is neither
    before nor after "1990-05", so the comparisons answer yes, no or unknown.

    Raises Invalid("date.impossible") for parts that are no date, and for a day without its month.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        possible = 1 <= self.year <= 9999 and (self.month is None or 1 <= self.month <= 12)
        if possible and self.day is not None:
            # Nearly all days are before the 29th, and the calendar takes longer than all the rest.
            possible = self.month is not None and (1 <= self.day <= 28 or 29 <= self.day <= monthrange(self.year, self.month)[1])
        if not possible:
            raise Invalid("date.impossible", "Ngày này không có trong lịch: xem lại ngày, tháng và năm")

    @classmethod
    def of(cls, day: date) -> PartialDate:
        return cls(day.year, day.month, day.day)

    @classmethod
    def from_iso(cls, text: str) -> PartialDate:
        """Read 1990, 1990-05 or 1990-05-03 (what `str()` gives). Raises Invalid("date.format")."""
        found = _ISO.fullmatch(text)
        if not found:
            raise Invalid("date.format", "Ngày chưa đúng dạng năm-tháng-ngày, ví dụ 1990-05-03")
        year, month, day = found.groups()
        return cls(int(year), int(month) if month else None, int(day) if day else None)

    def __str__(self) -> str:
        return "-".join([f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)])

    def vi(self) -> str:
        """As Vietnamese people read it: 03/05/1990, 05/1990, 1990."""
        return "/".join(reversed(str(self).split("-")))

    @property
    def is_full(self) -> bool:
        return self.day is not None

    def full(self) -> date | None:
        """The day, if it is known."""
        return self.earliest() if self.is_full else None

    def earliest(self) -> date:
        """The first day it can be."""
        return date(self.year, self.month or 1, self.day or 1)

    def latest(self) -> date:
        """The last day it can be."""
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])

    def before(self, other: PartialDate | date) -> Answer:
        """Is this day earlier than the other?"""
        that = _partial(other)
        if self.latest() < that.earliest():
            return Answer.YES
        return Answer.NO if self.earliest() >= that.latest() else Answer.UNKNOWN

    def after(self, other: PartialDate | date) -> Answer:
        """Is this day later than the other?"""
        return _partial(other).before(self)

    def same(self, other: PartialDate | date) -> Answer:
        """Is it the same day? Two equal years are no proof that it is."""
        that = _partial(other)
        if self.is_full and that.is_full:
            return Answer.YES if self == that else Answer.NO
        return Answer.UNKNOWN if self.agrees(that) else Answer.NO

    def agrees(self, other: PartialDate | date) -> bool:
        """No known part contradicts the other: 1990 agrees with 1990-05-03, not with 1991."""
        that = _partial(other)
        return self.earliest() <= that.latest() and that.earliest() <= self.latest()

    def age_on(self, day: date) -> tuple[int, int]:
        """Least and greatest number of completed years on `day` for a person born on this date."""
        return _years(self.latest(), day), _years(self.earliest(), day)

    def aged(self, years: int, on: date) -> Answer:
        """Has a person born on this date reached `years` years of age on `on`?"""
        least, greatest = self.age_on(on)
        if least >= years:
            return Answer.YES
        return Answer.NO if greatest < years else Answer.UNKNOWN


def _partial(value: PartialDate | date) -> PartialDate:
    return value if isinstance(value, PartialDate) else PartialDate.of(value)


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
