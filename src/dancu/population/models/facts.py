"""The facts the registry keeps, one class per table. The same class serves a draft (not stored yet), a plan
(about to be written) and a view (`stored` says when it was recorded and by which evidence entry).

Values only: what a fact says. Empty text means "not known". Dates that may be partial are year, month, day,
each None where unknown. Places are a territory unit id where one could be resolved, and the text as declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from dancu.kernel.dates import PartialDate
from dancu.population.models.time import ALWAYS, Valid


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    UNDETERMINED = "undetermined"


class NameKind(StrEnum):
    BIRTH = "birth"
    OTHER = "other"


class NumberKind(StrEnum):
    PERSONAL_ID = "personal_id"
    CMND = "cmnd"
    PASSPORT = "passport"
    RESIDENCE_FILE = (
        "residence_file"  # in the directory only: a file names a household's papers, not a person
    )
    OTHER = "other"


class NumberState(StrEnum):
    ACTIVE = "active"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


class ResidenceKind(StrEnum):
    PERMANENT = "permanent"  # thường trú
    TEMPORARY = "temporary"  # tạm trú
    ABSENCE = "absence"  # tạm vắng: where the person went, if declared
    CURRENT = "current"  # nơi ở hiện tại


class HouseholdRelation(StrEnum):
    """Relation to the head of household."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    CHILD_IN_LAW = "child_in_law"
    PARENT_IN_LAW = "parent_in_law"
    OTHER_RELATIVE = "other_relative"
    GUEST = "guest"
    UNKNOWN = "unknown"


class KinRelation(StrEnum):
    """What the relative is to the person whose fact it is."""

    FATHER = "father"
    MOTHER = "mother"
    SPOUSE = "spouse"
    CHILD = "child"
    REPRESENTATIVE = "representative"
    REPRESENTED = "represented"


class MaritalStatus(StrEnum):
    SINGLE = "single"
    MARRIED = "married"
    DIVORCED = "divorced"
    WIDOWED = "widowed"
    UNKNOWN = "unknown"


class CardKind(StrEnum):
    CMND = "cmnd"
    CCCD = "cccd"
    CHIP = "chip"  # CCCD with chip, 2021 to 6/2024
    CAN_CUOC = "can_cuoc"  # since 7/2024


class CardState(StrEnum):
    ACTIVE = "active"
    REPLACED = "replaced"
    LOST = "lost"
    REVOKED = "revoked"
    EXPIRED = "expired"


class ContactKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"


class LifeStatus(StrEnum):
    DEAD = "dead"
    MISSING = "missing"


class SourceKind(StrEnum):
    """Where a fact comes from. The column takes any word: an import profile may name its own register."""

    DECLARATION = "declaration"  # tờ khai
    BIRTH_REGISTER = "birth_register"
    DEATH_REGISTER = "death_register"
    MARRIAGE_REGISTER = "marriage_register"
    RESIDENCE_REGISTER = "residence_register"
    ID_CARD = "id_card"
    DECISION = "decision"  # of an authority
    JUDGEMENT = "judgement"  # of a court
    KIN = "kin"  # taken from a relative's record
    REGISTRY = "registry"  # the registry's own act, e.g. a number it allocated


@dataclass(frozen=True, slots=True)
class Source:
    """The paper or register a fact rests on: kind, its number or row, its date."""

    kind: str
    ref: str = ""
    date: date | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Where and when a fact was recorded. `known_until` None: still what the registry says."""

    fact_id: int
    key: int  # person_key, or household_key of a HouseholdFact
    known_from: datetime
    known_until: datetime | None
    entry_id: int
    closed_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every fact has: the days it holds, its source, and, once stored, its record."""

    source: Source
    valid: Valid = ALWAYS
    stored: Stored | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFact(Fact):
    full_name: str  # normal form of kernel.names
    kind: NameKind = NameKind.BIRTH


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthFact(Fact):
    """Facts of the birth. `origins` names the source of single columns where it is not this row's own."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    sex: Sex = Sex.UNDETERMINED
    birth_unit: int | None = None
    birth_place: str = ""
    registration_unit: int | None = None
    registration_place: str = ""
    origin_unit: int | None = None
    origin_place: str = ""
    origins: Mapping[str, Source] | None = None

    @property
    def born(self) -> PartialDate | None:
        """As much of the date of birth as is known; None where not even the year is."""
        return PartialDate(self.year, self.month, self.day) if self.year else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitFact(Fact):
    ethnicity: str = ""
    religion: str = ""
    nationality: str = ""  # ISO 3166 alpha-3; VNM
    blood_group: str = ""
    origins: Mapping[str, Source] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFact(Fact):
    kind: NumberKind
    number: str
    state: NumberState = NumberState.ACTIVE
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidenceFact(Fact):
    kind: ResidenceKind
    unit_id: int | None = None
    hamlet_id: int | None = None
    address: str = ""
    file_number: str = ""  # residence file (hồ sơ cư trú)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdFact(Fact):
    """One version of a household: its head and its place. `head_key` None: it needs a head."""

    household_key: int
    head_key: int | None = None
    unit_id: int | None = None
    hamlet_id: int | None = None
    address: str = ""
    file_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFact(Fact):
    household_key: int
    relation: HouseholdRelation = HouseholdRelation.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class KinFact(Fact):
    """`relative_birth` is a partial date in ISO form ("1960", "1960-04", "1960-04-12") or empty."""

    relation: KinRelation
    relative_key: int | None = None
    relative_name: str = ""
    relative_number: str = ""
    relative_birth: str = ""
    relative_nationality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaritalFact(Fact):
    status: MaritalStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFact(Fact):
    kind: CardKind
    number: str
    issued_on: date | None = None
    issued_by: str = ""
    expires_on: date | None = None  # None: no expiry
    state: CardState = CardState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFact(Fact):
    kind: ContactKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeFact(Fact):
    """Death, or being declared missing. No fact: alive as far as the registry knows."""

    status: LifeStatus
    year: int | None = None
    month: int | None = None
    day: int | None = None
    place: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherFact(Fact):
    name: str
    value: str


def written_place(residences: Iterable[ResidenceFact], birth: BirthFact | None) -> str:
    """The place in words of a record that names no unit: where the person lives, else the office that registered the
    birth, else the place of birth or of origin; "" where nothing is written."""
    homes = [r.address for r in residences if r.unit_id is None and r.valid.end is None]
    offices = [birth.registration_place, birth.birth_place, birth.origin_place] if birth is not None else []
    return next((text for text in (*homes, *offices) if text), "")
