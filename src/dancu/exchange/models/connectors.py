"""What a connector is, and what it brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class How(StrEnum):
    """How a value is read. `CODE`: through the field's table of codes; `MONTH`: yyyymm to "yyyy-mm"."""

    TEXT = "text"
    DATE = "date"
    MONTH = "month"
    NUMBER = "number"
    CODE = "code"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record. `path`: where it stands (keys by dot). `format`: of dates, as strptime's; several are tried in
    order. `codes`: the ministry's code -> our word, the old ones too; `unit`: of numbers ("đ", "tháng"). `title`: msgid."""

    code: str
    path: str
    title: str
    how: How = How.TEXT
    format: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    #: The ministry is the source of truth for it; otherwise the registry is, and the value is only compared.
    owned: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A list of records in the answer ("periods", "benefits"). `path`: where; "" is the answer itself. `single`: there stands one
    record, no list. `title`: msgid. `names`: the field by which a line is called in a sentence ("period from …")."""

    code: str
    path: str
    title: str
    fields: tuple[Field, ...]
    single: bool = False
    names: str = ""


@dataclass(frozen=True, slots=True)
class Paging:
    """`kind`: "pages" (numbered, `total` says how many), "cursor" (`next` names the following), "offset" (`total` counts rows).
    `most`: pages read at the most: no answer is endless."""

    kind: str
    param: str
    total: str = ""
    next: str = ""
    most: int = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for a whole answer, `bytes` of one page, `at_once` calls under way, `waiting` more that may wait for them,
    `per_second` calls in the long run; the circuit opens after `failures` in a row for `pause` seconds."""

    seconds: float = 3.0
    bytes: int = 200_000
    at_once: int = 4
    waiting: int = 8
    per_second: float = 20.0
    failures: int = 5
    pause: float = 30.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """Hours for which an answer is shown without asking again, and days after which the ministry's own data count as old."""

    keep_hours: float = 12.0
    old_days: int = 30


@dataclass(frozen=True, slots=True)
class Connector:
    """A ministry's database. `identity`: where number, name, birth and sex of the holder stand; they are the registry's truth and
    only compared. `found`: path and values that say that there is somebody; `nobody`: HTTP statuses that say there is not.
    `desk_title`: whose desk puts the ministry's data right (which organisation that is here, the configuration says). `sensitive`: others than the
    person need the person's consent (`consent_group` of the room sharing, given to receiver `receiver`)."""

    code: str
    title: str
    owner: str
    basis: str
    purpose: str
    path: str
    asked_as: str
    format: str
    identity: Mapping[str, Field]
    parts: tuple[Part, ...]
    updated: Field
    desk_title: str
    root: str = ""
    found: tuple[str, frozenset[str]] | None = None
    nobody: frozenset[int] = frozenset({404})
    paging: Paging | None = None
    paged: str = ""
    limits: Limits = field(default_factory=Limits)
    freshness: Freshness = field(default_factory=Freshness)
    sensitive: bool = False
    consent_group: str = ""
    receiver: int = 0

    def part(self, code: str) -> Part | None:
        return next((part for part in self.parts if part.code == code), None)

    def field(self, code: str) -> Field | None:
        """A field by "part.field"."""
        part, _, name = code.partition(".")
        found = self.part(part)
        return next((one for one in found.fields if one.code == name), None) if found else None


Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """What a ministry said of one person, in our words: the holder as it knows them, lists of records, the day of its data.
    Dates are ISO text, also partial ones. `unread`: fields it filled with something the mapping does not know."""

    holder: Mapping[str, str]
    parts: Mapping[str, tuple[Record, ...]]
    as_of: date | None
    unread: tuple[str, ...] = ()


class Outcome(StrEnum):
    """What came of asking. `NOT_CONNECTED`: no address is configured. `BUSY`: too many ask already. `OPEN`: it failed too often
    and is left alone. `WRONG_PERSON`: it answered about somebody else. `OUTDATED`: its data are of a day
    before those it had answered with already."""

    FOUND = "found"
    NOBODY = "nobody"
    NOT_CONNECTED = "not_connected"
    BUSY = "busy"
    OPEN = "open"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    WRONG_PERSON = "wrong_person"
    OUTDATED = "outdated"

    @property
    def answered(self) -> bool:
        """Did the ministry say something about the person, be it that it knows nobody?"""
        return self in (Outcome.FOUND, Outcome.NOBODY)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One asking. `content` for `FOUND` alone; `milliseconds` it took."""

    outcome: Outcome
    content: Content | None
    at: datetime
    milliseconds: int = 0
