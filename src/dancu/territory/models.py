"""Words of the territory room: units, successions, what a free-text address was read as. Pure."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of unit. A city is `thành phố` beside the provinces and `thành phố thuộc tỉnh` beside the districts."""

    PROVINCE = "tỉnh"
    CITY = "thành phố"
    URBAN_DISTRICT = "quận"
    RURAL_DISTRICT = "huyện"
    TOWN = "thị xã"
    PROVINCIAL_CITY = "thành phố thuộc tỉnh"
    COMMUNE = "xã"
    WARD = "phường"
    TOWNSHIP = "thị trấn"
    SPECIAL_ZONE = "đặc khu"

    @property
    def word(self) -> str:
        """As written before the name: "Thành phố" for both kinds of city."""
        return ("thành phố" if self is Kind.PROVINCIAL_CITY else self.value).capitalize()


class SuccessionKind(StrEnum):
    """How a unit went over into another; see data/SOURCE.md."""

    WHOLE = "whole"
    RENAME = "rename"
    SPLIT = "split"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """EXACT: one unit, well above any other. AMBIGUOUS: several remain. UNKNOWN: none, or none of that time."""

    EXACT = "exact"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit while its code, name, kind and parent stayed the same.

    `valid_from` None = at least since the oldest set (2022); `valid_to` None = still valid; half-open.
    `parent_id` is the parent on the first day; ask `Gazetteer.ancestors` for a later day.
    """

    unit_id: int
    code: str
    level: int
    kind: Kind
    name: str
    key: str
    parent_id: int | None
    valid_from: date | None
    valid_to: date | None
    latitude: float | None = None
    longitude: float | None = None
    spellings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Kind and name: "Phường Trường Xuân"."""
        return f"{self.kind.word} {self.name}"

    def valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """`successor_id` None where the sources name no heir. `main`: the heir the source lists first; orders, never decides."""

    predecessor_id: int
    successor_id: int | None
    kind: SuccessionKind
    effective: date
    main: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit an address may mean; `confidence` 0..1; `via` says how it was reached (see matching)."""

    unit: Unit
    confidence: float
    via: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an address was read as on a day. `rest`: leading text not used (house, street, hamlet)."""

    status: Status
    candidates: tuple[Candidate, ...] = ()
    rest: str = ""
    note: str = ""
    hamlet_id: int | None = None

    @property
    def unit(self) -> Unit | None:
        """The unit, only where there is no doubt."""
        return self.candidates[0].unit if self.status is Status.EXACT else None


@dataclass(frozen=True, slots=True)
class Hamlet:
    """A thôn, bản, khối phố, tổ dân phố… kept by its commune."""

    hamlet_id: int
    unit_id: int
    kind: str
    name: str
    aliases: tuple[str, ...] = field(default=())
    valid_from: date | None = None
    valid_to: date | None = None
