"""What the synthetic province is made of: plain frozen records, no keys of the database in them.

Whoever loads them needs to know:

- `DemoPerson.index` and `DemoHousehold.index` count up from 0 in the order of generation, without gaps. Kin
  are named by index and always point to a person yielded **in the same household or earlier** (a duplicate
  record's `flaw_of` too), so one pass with a list or array index -> person_key is enough.
- `father`, `mother`, `spouse` are the stored edges; the children of a person are the inverse of the first
  two. `spouse` is set on both sides. `father_named` / `mother_named` stand for a parent who has no record of
  their own.
- `*_unit` fields are `territory` unit ids, resolved as of the day the province is generated for (15/04/2023
  unless told otherwise). A province id appears where only the province is known (older people born
  elsewhere).
- `hamlet` fields are indices into `Places.hamlets` (`DemoHamlet.index`), which never depend on seed or size.
- Dates of birth may be partial: month and day None (only the year known), or day None.
- The dead stay in the list of their last household's members with `died_on` set; a head of household is
  alive.
- `flaw` labels records that were spoiled on purpose: the truth that work on data quality is measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def _record(cls: type[_T]) -> type[_T]:
    """A slotted dataclass that the type checker holds to be frozen. Freezing it at run time as well would make
    a person of 36 fields cost 7.8 µs instead of 1.6, a third of all the time it takes to generate one."""
    return dataclass(slots=True)(cls)


class Relation(StrEnum):
    """Relation to the head of household; the value is the Vietnamese word as it stands in a residence
    register."""

    HEAD = "chủ hộ"
    WIFE = "vợ"
    HUSBAND = "chồng"
    CHILD = "con"
    CHILD_IN_LAW = "con dâu/rể"
    GRANDCHILD = "cháu"
    FATHER = "bố"
    MOTHER = "mẹ"
    SIBLING = "anh/chị/em"
    LODGER = "ở nhờ"


class Marital(StrEnum):
    SINGLE = "single"
    MARRIED = "married"
    WIDOWED = "widowed"
    DIVORCED = "divorced"


class Flaw(StrEnum):
    """Why a record is wrong on purpose."""

    DUPLICATE = "duplicate"  # a second record of `flaw_of`, with a variant of the name, another number
    NUMBER_SEX = "number_sex"  # the personal ID number says the other sex
    NUMBER_YEAR = "number_year"  # the personal ID number says another year of birth
    NO_ORIGIN = "no_origin"  # place of origin missing


@dataclass(frozen=True, slots=True)
class DemoHamlet:
    """A thôn or khối phố of a commune; name without the kind ("Xuân Đông")."""

    index: int
    unit_id: int
    kind: str
    name: str


@_record
class NamedParent:
    """A parent known only from the child's papers."""

    name: str
    birth_year: int | None


@_record
class DemoCard:
    """An ID card. Its number is the holder's personal ID number. `expires_on` None: no expiry (issued at 58
    or later)."""

    issued_on: date
    expires_on: date | None
    chip: bool


@_record
class DemoStay:
    """A temporary residence. `hamlet` None outside the province."""

    unit_id: int
    hamlet: int | None
    address: str
    from_on: date
    until_on: date


@_record
class DemoAbsence:
    """A registered temporary absence."""

    from_on: date
    until_on: date
    reason: str


@_record
class DemoPerson:
    index: int
    household: int
    relation: Relation
    personal_id: str  # 12 digits, unique
    cmnd: str | None  # 9 digits, unique
    name: str  # 1 to 7 words, NFC
    sex: str  # "M" or "F"
    birth_year: int
    birth_month: int | None
    birth_day: int | None
    birth_unit: int | None  # None: born abroad
    birth_country: str  # ISO 3166 alpha-3
    registration_unit: int | None  # where the birth was registered; None: abroad
    origin_unit: int | None  # quê quán; None: missing
    ethnicity: str
    religion: str
    nationality: str  # ISO 3166 alpha-3
    blood_group: str | None  # A, B, O, AB
    marital: Marital
    married_on: date | None
    father: int | None
    mother: int | None
    spouse: int | None
    father_named: NamedParent | None
    mother_named: NamedParent | None
    resident_since: date  # permanent residence at the household's dwelling, until `died_on` if dead
    phone: str | None  # 10 digits, unique, from ranges no operator holds
    email: str | None  # under .example
    card: DemoCard | None
    stay: DemoStay | None
    absence: DemoAbsence | None
    died_on: date | None
    flaw: Flaw | None
    flaw_of: int | None  # the person a duplicate record doubles


@_record
class DemoHousehold:
    """`members[0]` is the head. `address` is the line below the hamlet (house number and street, or tổ); the
    hamlet and the unit stand beside it."""

    index: int
    number: str  # household number, unique
    file_number: str  # residence file (hồ sơ cư trú), unique
    unit_id: int
    hamlet: int
    address: str
    since: date
    members: tuple[DemoPerson, ...]


@dataclass(frozen=True, slots=True)
class FlawRates:
    """Share of persons spoiled, per kind."""

    duplicate: float = 0.004
    number_sex: float = 0.0015
    number_year: float = 0.0015
    no_origin: float = 0.02


NO_FLAWS = FlawRates(0.0, 0.0, 0.0, 0.0)
