"""The 26 data groups of the Law on Identification 2023 (art. 9), and where each lives.

Codes are also the `fields` of evidence entries and the `group` of a preview's lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dancu.population.models import facts as f
from dancu.population.models.draft import PersonDraft
from dancu.population.models.view import PersonView


class DataGroup(StrEnum):
    BIRTH_NAME = "birth_name"
    OTHER_NAME = "other_name"
    PERSONAL_ID = "personal_id"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    BIRTH_PLACE = "birth_place"
    BIRTH_REGISTRATION = "birth_registration"
    ORIGIN = "origin"
    ETHNICITY = "ethnicity"
    RELIGION = "religion"
    NATIONALITY = "nationality"
    BLOOD_GROUP = "blood_group"
    OLD_NUMBER = "old_number"
    CARD = "card"
    KIN = "kin"
    PERMANENT_RESIDENCE = "permanent_residence"
    TEMPORARY_RESIDENCE = "temporary_residence"
    CURRENT_PLACE = "current_place"
    TEMPORARY_ABSENCE = "temporary_absence"
    RESIDENCE_FILE = "residence_file"
    MARITAL_STATUS = "marital_status"
    HOUSEHOLD_RELATION = "household_relation"
    HOUSEHOLD = "household"
    LIFE_STATUS = "life_status"
    CONTACT = "contact"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a group lives: fact class (table) and the fields that carry it; `kinds`: only rows of these
    kinds."""

    fact: type[f.Fact]
    fields: tuple[str, ...]
    kinds: tuple[str, ...] = ()


_PLACES = ("unit_id", "hamlet_id", "address", "reason")
_CARD = ("kind", "number", "issued_on", "issued_by", "expires_on", "state")
_KIN = (
    "relation",
    "relative_key",
    "relative_name",
    "relative_number",
    "relative_birth",
    "relative_nationality",
)

HOMES: dict[DataGroup, Home] = {
    DataGroup.BIRTH_NAME: Home(f.NameFact, ("full_name",), ("birth",)),
    DataGroup.OTHER_NAME: Home(f.NameFact, ("full_name",), ("other",)),
    DataGroup.PERSONAL_ID: Home(f.NumberFact, ("number", "state", "reason"), ("personal_id",)),
    DataGroup.BIRTH_DATE: Home(f.BirthFact, ("year", "month", "day")),
    DataGroup.SEX: Home(f.BirthFact, ("sex",)),
    DataGroup.BIRTH_PLACE: Home(f.BirthFact, ("birth_unit", "birth_place")),
    DataGroup.BIRTH_REGISTRATION: Home(f.BirthFact, ("registration_unit", "registration_place")),
    DataGroup.ORIGIN: Home(f.BirthFact, ("origin_unit", "origin_place")),
    DataGroup.ETHNICITY: Home(f.TraitFact, ("ethnicity",)),
    DataGroup.RELIGION: Home(f.TraitFact, ("religion",)),
    DataGroup.NATIONALITY: Home(f.TraitFact, ("nationality",)),
    DataGroup.BLOOD_GROUP: Home(f.TraitFact, ("blood_group",)),
    DataGroup.OLD_NUMBER: Home(f.NumberFact, ("number", "state", "reason"), ("cmnd", "passport", "other")),
    DataGroup.CARD: Home(f.CardFact, _CARD),
    DataGroup.KIN: Home(f.KinFact, _KIN),
    DataGroup.PERMANENT_RESIDENCE: Home(f.ResidenceFact, _PLACES, ("permanent",)),
    DataGroup.TEMPORARY_RESIDENCE: Home(f.ResidenceFact, _PLACES, ("temporary",)),
    DataGroup.CURRENT_PLACE: Home(f.ResidenceFact, _PLACES, ("current",)),
    DataGroup.TEMPORARY_ABSENCE: Home(f.ResidenceFact, _PLACES, ("absence",)),
    DataGroup.RESIDENCE_FILE: Home(f.ResidenceFact, ("file_number",)),
    DataGroup.MARITAL_STATUS: Home(f.MaritalFact, ("status",)),
    DataGroup.HOUSEHOLD_RELATION: Home(f.MemberFact, ("household_key", "relation")),
    DataGroup.HOUSEHOLD: Home(
        f.HouseholdFact, ("head_key", "unit_id", "hamlet_id", "address", "file_number")
    ),
    DataGroup.LIFE_STATUS: Home(f.LifeFact, ("status", "year", "month", "day", "place", "cause")),
    DataGroup.CONTACT: Home(f.ContactFact, ("kind", "value")),
    DataGroup.OTHER: Home(f.OtherFact, ("name", "value")),
}

#: What a living citizen's record must have to be complete. A partial date of birth is a date; the number may
#: come later than the birth certificate, and is missing until then.
REQUIRED: tuple[DataGroup, ...] = (
    DataGroup.BIRTH_NAME, DataGroup.PERSONAL_ID, DataGroup.BIRTH_DATE, DataGroup.SEX, DataGroup.BIRTH_PLACE,
    DataGroup.BIRTH_REGISTRATION, DataGroup.ORIGIN, DataGroup.ETHNICITY, DataGroup.NATIONALITY,
    DataGroup.PERMANENT_RESIDENCE,
)  # fmt: skip


def missing_groups(of: PersonDraft | PersonView) -> tuple[str, ...]:
    """Required groups without a value in the facts that hold still (valid without end), in the order of the
    law.

    A dead person's record lacks no residence.
    """
    birth = of.birth
    trait = next((t for t in of.traits if t.valid.end is None), None)
    have = {
        DataGroup.BIRTH_NAME: any(n.kind == f.NameKind.BIRTH and n.valid.end is None for n in of.names),
        DataGroup.PERSONAL_ID: any(n.kind == f.NumberKind.PERSONAL_ID for n in of.numbers),
        DataGroup.BIRTH_DATE: birth is not None and birth.year is not None,
        DataGroup.SEX: birth is not None and birth.sex != f.Sex.UNDETERMINED,
        DataGroup.BIRTH_PLACE: birth is not None and bool(birth.birth_unit or birth.birth_place),
        DataGroup.BIRTH_REGISTRATION: birth is not None
        and bool(birth.registration_unit or birth.registration_place),
        DataGroup.ORIGIN: birth is not None and bool(birth.origin_unit or birth.origin_place),
        DataGroup.ETHNICITY: trait is not None and trait.ethnicity != "",
        DataGroup.NATIONALITY: trait is not None and trait.nationality != "",
        DataGroup.PERMANENT_RESIDENCE: any(
            r.kind == f.ResidenceKind.PERMANENT and r.valid.end is None for r in of.residences
        )
        or any(life.status == f.LifeStatus.DEAD for life in of.life),
    }
    return tuple(group.value for group in REQUIRED if not have[group])
