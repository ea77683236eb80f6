"""A month of data sharing, for one organisation or for the leadership."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from dancu.exchange.models.roadmap import Promise
from dancu.exchange.models.traffic import Line, Refusal


class Gave(StrEnum):
    """How data came: rows of events supplied, rows of files laid down, questions answered by the owner's own database."""

    SUPPLY = "supply"
    FILES = "files"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Shared:
    """What one owner gave. `what`: kind of event, or title of the source; `taken`: accepted rows or answered questions; `waiting`: need
    verification; `failed`: refused rows or questions without an answer."""

    owner: str
    how: Gave
    what: str
    taken: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Spared:
    """Of one office: how often residence was proved without a paper, how often a confirmation was issued all the same, how often
    citizens said one was demanded."""

    org_code: str
    name: str
    spared: int
    issued: int
    demanded: int


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    calls: int
    refused: int


@dataclass(frozen=True, slots=True)
class OfficerLine:
    """Calls one acting officer was named for, as the partner stated. `cases`: different case references; `persons`: entries left."""

    officer: str
    service: str
    calls: int
    refused: int
    persons: int
    cases: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """`org_code` "": of all. `unused`: (organisation, name, service) agreed and not called; `promises`: delivered in the month or late."""

    month: date
    since: datetime
    until: datetime
    org_code: str
    org_name: str
    takes: list[Line]
    refusals: list[Refusal]
    shared: list[Shared]
    spared: list[Spared]
    days: list[Day]
    unused: list[tuple[str, str, str]]
    promises: list[Promise]
    names: dict[str, str]
    today: date

    @property
    def calls(self) -> int:
        return sum(line.calls for line in self.takes)

    @property
    def persons(self) -> int:
        return sum(line.persons for line in self.takes)

    @property
    def refused(self) -> int:
        return sum(line.refused for line in self.takes)

    @property
    def given(self) -> int:
        return sum(one.taken for one in self.shared)

    @property
    def papers_spared(self) -> int:
        return sum(one.spared for one in self.spared)

    @property
    def papers_asked(self) -> int:
        """Issued or demanded all the same."""
        return sum(one.issued + one.demanded for one in self.spared)

    @property
    def by_reason(self) -> list[tuple[str, int, list[str]]]:
        """(code, calls, names of organisations), most first."""
        found: dict[str, list[Refusal]] = {}
        for one in self.refusals:
            found.setdefault(one.code, []).append(one)
        rows = [(code, sum(one.calls for one in those), list(dict.fromkeys(one.name for one in those))) for code, those in found.items()]
        return sorted(rows, key=lambda row: -row[1])
