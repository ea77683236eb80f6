"""From the synthetic province to drafts of the registry: keys are reserved first, since families name each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from dancu.demo.records import DemoHousehold, DemoPerson, Flaw, Marital, Relation
from dancu.kernel.numbers import PersonalId, normalize_phone
from dancu.population import models as m

_RELATION = {
    Relation.HEAD: m.HouseholdRelation.HEAD,
    Relation.WIFE: m.HouseholdRelation.SPOUSE,
    Relation.HUSBAND: m.HouseholdRelation.SPOUSE,
    Relation.CHILD: m.HouseholdRelation.CHILD,
    Relation.CHILD_IN_LAW: m.HouseholdRelation.CHILD_IN_LAW,
    Relation.GRANDCHILD: m.HouseholdRelation.GRANDCHILD,
    Relation.FATHER: m.HouseholdRelation.PARENT,
    Relation.MOTHER: m.HouseholdRelation.PARENT,
    Relation.SIBLING: m.HouseholdRelation.SIBLING,
    Relation.LODGER: m.HouseholdRelation.GUEST,
}
_SEX = {"M": m.Sex.MALE, "F": m.Sex.FEMALE}
_REGISTER = m.Source(m.SourceKind.RESIDENCE_REGISTER, "Quảng Nam", date(2023, 4, 1))
_CARD = m.Source(m.SourceKind.ID_CARD)


def _entry(kind: m.SourceKind, year: int, index: int, on: date | None = None) -> m.Source:
    """An entry of a register: its number in the volume of the year. Volumes restart each year."""
    return m.Source(kind, f"{index % 240 + 1:02d}/{year}", on)


@dataclass(slots=True)
class Families:
    """First pass: what the second needs to know of persons that come later (children) or came before."""

    names: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    births: list[str] = field(default_factory=list)
    died: dict[int, date] = field(default_factory=dict)
    children: dict[int, list[int]] = field(default_factory=dict)
    households: int = 0

    @classmethod
    def of(cls, households: Iterator[DemoHousehold]) -> Families:
        found = cls()
        for household in households:
            found.households += 1
            for person in household.members:
                found.names.append(person.name)
                found.numbers.append(person.personal_id)
                found.births.append(_iso(person))
                if person.died_on:
                    found.died[person.index] = person.died_on
                for parent in (person.father, person.mother):
                    if parent is not None:
                        found.children.setdefault(parent, []).append(person.index)
        return found


def _iso(person: DemoPerson) -> str:
    parts = [f"{person.birth_year:04d}"]
    if person.birth_month:
        parts.append(f"{person.birth_month:02d}")
        if person.birth_day:
            parts.append(f"{person.birth_day:02d}")
    return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Loader:
    """Second pass. `persons` and `household_keys` are reserved keys by index, `hamlets` database ids by index."""

    families: Families
    persons: Sequence[int]
    household_keys: Sequence[int]
    hamlets: Sequence[int]

    def drafts(self, households: Iterator[DemoHousehold]) -> Iterator[m.PersonDraft | m.HouseholdFact]:
        for household in households:
            head = household.members[0].index
            yield m.HouseholdFact(
                household_key=self.household_keys[household.index], head_key=self.persons[head],
                unit_id=household.unit_id, hamlet_id=self.hamlets[household.hamlet], address=household.address,
                file_number=household.file_number, valid=m.Valid(household.since), source=_REGISTER,
            )  # fmt: skip
            for person in household.members:
                yield self._draft(person, household)

    def _draft(self, person: DemoPerson, household: DemoHousehold) -> m.PersonDraft:
        died = person.died_on
        here = _until(person.resident_since, died)
        born = _entry(m.SourceKind.BIRTH_REGISTER, person.birth_year, person.index)
        return m.PersonDraft(
            person_key=self.persons[person.index],
            names=(m.NameFact(full_name=person.name, source=born),),
            birth=m.BirthFact(
                year=person.birth_year, month=person.birth_month, day=person.birth_day, sex=_SEX[person.sex],
                birth_unit=person.birth_unit, birth_place="" if person.birth_unit else person.birth_country,
                registration_unit=person.registration_unit, origin_unit=person.origin_unit, source=born,
            ),
            traits=(
                m.TraitFact(
                    ethnicity=person.ethnicity, religion=person.religion, nationality=person.nationality,
                    blood_group=person.blood_group or "", source=_REGISTER,
                ),
            ),
            numbers=tuple(self._numbers(person)),
            residences=tuple(self._residences(person, household, here)),
            memberships=(
                m.MemberFact(
                    household_key=self.household_keys[household.index], relation=_RELATION[person.relation],
                    valid=here, source=_REGISTER,
                ),
            ),
            kin=tuple(self._kin(person, born)),
            marital=tuple(self._marital(person)),
            cards=tuple(_cards(person)),
            contacts=tuple(_contacts(person)),
            life=(
                m.LifeFact(
                    status=m.LifeStatus.DEAD, year=died.year, month=died.month, day=died.day, valid=m.Valid(died),
                    source=_entry(m.SourceKind.DEATH_REGISTER, died.year, person.index, died),
                ),
            ) if died else (),
            findings=tuple(_findings(person)),
        )  # fmt: skip

    def _numbers(self, person: DemoPerson) -> Iterator[m.NumberFact]:
        yield m.NumberFact(kind=m.NumberKind.PERSONAL_ID, number=person.personal_id, source=_REGISTER)
        if person.cmnd:
            yield m.NumberFact(kind=m.NumberKind.CMND, number=person.cmnd, state=m.NumberState.REPLACED, source=_CARD)

    def _residences(self, person: DemoPerson, household: DemoHousehold, here: m.Valid) -> Iterator[m.ResidenceFact]:
        yield m.ResidenceFact(
            kind=m.ResidenceKind.PERMANENT, unit_id=household.unit_id, hamlet_id=self.hamlets[household.hamlet],
            address=household.address, file_number=household.file_number, valid=here, source=_REGISTER,
        )  # fmt: skip
        if (stay := person.stay) is not None:
            yield m.ResidenceFact(
                kind=m.ResidenceKind.TEMPORARY, unit_id=stay.unit_id,
                hamlet_id=None if stay.hamlet is None else self.hamlets[stay.hamlet], address=stay.address,
                valid=m.Valid(stay.from_on, stay.until_on), source=_REGISTER,
            )  # fmt: skip
        if (away := person.absence) is not None:
            yield m.ResidenceFact(
                kind=m.ResidenceKind.ABSENCE, unit_id=household.unit_id, reason=away.reason,
                valid=m.Valid(away.from_on, away.until_on), source=_REGISTER,
            )  # fmt: skip

    def _relative(self, relation: m.KinRelation, index: int, source: m.Source, valid: m.Valid = m.ALWAYS) -> m.KinFact:
        families = self.families
        return m.KinFact(
            relation=relation, relative_key=self.persons[index], relative_name=families.names[index],
            relative_number=families.numbers[index], relative_birth=families.births[index],
            relative_nationality="VNM", valid=valid, source=source,
        )  # fmt: skip

    def _kin(self, person: DemoPerson, born: m.Source) -> Iterator[m.KinFact]:
        for relation, index, named in (
            (m.KinRelation.FATHER, person.father, person.father_named),
            (m.KinRelation.MOTHER, person.mother, person.mother_named),
        ):
            if index is not None:
                yield self._relative(relation, index, born)
            elif named is not None:
                yield m.KinFact(
                    relation=relation, relative_name=named.name,
                    relative_birth=str(named.birth_year) if named.birth_year else "", source=born,
                )  # fmt: skip
        for child in self.families.children.get(person.index, ()):
            year = int(self.families.births[child][:4])
            yield self._relative(m.KinRelation.CHILD, child, _entry(m.SourceKind.BIRTH_REGISTER, year, child))
        if person.spouse is not None and person.marital in (Marital.MARRIED, Marital.WIDOWED):
            yield self._relative(m.KinRelation.SPOUSE, person.spouse, _wedding(person), self._marriage(person))

    def _marriage(self, person: DemoPerson) -> m.Valid:
        ends = [d for d in (person.died_on, self.families.died.get(person.spouse or -1)) if d]
        return _until(person.married_on, min(ends, default=None))

    def _marital(self, person: DemoPerson) -> Iterator[m.MaritalFact]:
        if person.marital == Marital.SINGLE:
            yield m.MaritalFact(status=m.MaritalStatus.SINGLE, valid=_until(None, person.died_on), source=_REGISTER)
            return
        if person.marital == Marital.DIVORCED:
            yield m.MaritalFact(status=m.MaritalStatus.DIVORCED, valid=_until(None, person.died_on), source=_REGISTER)
            return
        marriage = self._marriage(person)
        if person.married_on and marriage.start == person.married_on:
            yield m.MaritalFact(
                status=m.MaritalStatus.SINGLE, valid=m.Valid(None, person.married_on), source=_wedding(person)
            )
        widowed = self.families.died.get(person.spouse) if person.spouse is not None else None
        if person.marital == Marital.WIDOWED and widowed is None:
            yield m.MaritalFact(
                status=m.MaritalStatus.WIDOWED, valid=_until(person.married_on, person.died_on), source=_REGISTER
            )
            return
        yield m.MaritalFact(status=m.MaritalStatus.MARRIED, valid=marriage, source=_wedding(person))
        if widowed and (person.died_on is None or widowed < person.died_on):
            yield m.MaritalFact(
                status=m.MaritalStatus.WIDOWED,
                valid=_until(widowed, person.died_on),
                source=_entry(m.SourceKind.DEATH_REGISTER, widowed.year, person.spouse or 0, widowed),
            )


def _wedding(person: DemoPerson) -> m.Source:
    """The marriage's entry, the same from both sides; register and day stay open where the day is not known."""
    on = person.married_on
    if on is None or person.spouse is None:
        return m.Source(m.SourceKind.MARRIAGE_REGISTER)
    return _entry(m.SourceKind.MARRIAGE_REGISTER, on.year, min(person.index, person.spouse), on)


def _until(start: date | None, end: date | None) -> m.Valid:
    """[start, end), or from start on where the end would leave nothing."""
    if start is not None and end is not None and end <= start:
        return m.Valid(None, end)
    return m.Valid(start, end)


def _cards(person: DemoPerson) -> Iterator[m.CardFact]:
    if person.card is not None:
        yield m.CardFact(
            kind=m.CardKind.CHIP if person.card.chip else m.CardKind.CCCD, number=person.personal_id,
            issued_on=person.card.issued_on, expires_on=person.card.expires_on, issued_by="Cục CSQLHC về TTXH",
            valid=_until(person.card.issued_on, person.died_on), source=_CARD,
        )  # fmt: skip


def _contacts(person: DemoPerson) -> Iterator[m.ContactFact]:
    if person.phone:
        yield m.ContactFact(kind=m.ContactKind.PHONE, value=normalize_phone(person.phone), source=_REGISTER)
    if person.email:
        yield m.ContactFact(kind=m.ContactKind.EMAIL, value=person.email, source=_REGISTER)


def _findings(person: DemoPerson) -> Iterator[m.Noticed]:
    if person.flaw in (Flaw.NUMBER_SEX, Flaw.NUMBER_YEAR):
        number = PersonalId.parse(person.personal_id)
        sex = "male" if person.sex == "M" else "female"
        for finding in number.cross_check(sex=sex, birth_year=person.birth_year):
            yield m.Noticed(finding.code, source_ref=_REGISTER.ref)
