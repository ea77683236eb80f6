"""What a ministry may know of a person: the invented person, the household, and chances of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any, TypeVar

from dancu.demo.records import DemoHousehold, DemoPerson
from dancu.demo.simulators.prefixes import PREFIXES

T = TypeVar("T")


class Draw:
    """Chances of one person at one ministry: the same at every run, whoever else was drawn before."""

    def __init__(self, ministry: str, index: int) -> None:
        self._left = int.from_bytes(blake2b(f"{ministry}/{index}".encode(), digest_size=32).digest())

    def below(self, most: int) -> int:
        """0 to most - 1."""
        self._left, drawn = divmod(self._left, most)
        return drawn

    def chance(self, of_thousand: int) -> bool:
        return self.below(1000) < of_thousand

    def one(self, of: Sequence[T]) -> T:
        return of[self.below(len(of))]

    def digits(self, count: int) -> str:
        return f"{self.below(10**count):0{count}d}"


@dataclass(frozen=True, slots=True)
class Known:
    """`place`: the commune as people write it. `today`: the day the files were written."""

    person: DemoPerson
    household: DemoHousehold
    place: str
    today: date

    @property
    def age(self) -> int:
        """Full years at the most."""
        return self.today.year - self.person.birth_year

    @property
    def alive(self) -> bool:
        return self.person.died_on is None

    @property
    def head(self) -> bool:
        return self.household.members[0].index == self.person.index

    def birth(self, whole: str, month: str, year: str = "{y:04d}") -> str:
        """The birth date in a ministry's notation, as much of it as is known."""
        person = self.person
        form = whole if person.birth_day else month if person.birth_month else year
        return form.format(y=person.birth_year, m=person.birth_month or 0, d=person.birth_day or 0)

    def birthday(self, age: int) -> date:
        """The day somebody turned `age`; the first of what is not known."""
        return date(self.person.birth_year + age, self.person.birth_month or 1, min(self.person.birth_day or 1, 28))

    def day(self, draw: Draw, since: date) -> date:
        """Some day from `since` to today."""
        return date.fromordinal(since.toordinal() + draw.below(max((self.today - since).days, 1)))


@dataclass(frozen=True, slots=True)
class Ministry:
    """One simulator. `record` makes what it holds of somebody, in its own shape (None: nothing); `answer` turns a record and
    the query into the body it sends. `number`, `name`, `birth`: where the identity stands in a record (keys by dot), so that
    faults can spoil it. `old`: a code's path and its word of before; `wrong`: a value's path, spoiled when it answers wrongly;
    `updated`: where the day of its data stands. `asked_as`: the query's name of the number."""

    code: str
    title: str
    title_en: str
    path: str
    asked_as: str
    record: Callable[[Known, Draw], dict[str, Any] | None]
    answer: Callable[[dict[str, Any], dict[str, str]], tuple[bytes, str]]
    nobody: Callable[[], tuple[int, bytes, str]]
    number: str
    name: str
    birth: str
    updated: str
    stale: Callable[[str], str]
    old: dict[str, dict[str, str]]
    wrong_birth: Callable[[str], str]

    @property
    def prefix(self) -> str:
        return PREFIXES[self.code]
