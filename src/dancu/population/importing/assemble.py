"""From a cleaned row to the draft of a person, and to the household it belongs to. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final

from dancu.kernel.dates import PartialDate
from dancu.population import models as m
from dancu.population.importing.row import Row

UNDETERMINED: Final = m.Sex.UNDETERMINED


def draft_of(row: Row) -> m.PersonDraft:
    """Everything the row says of its person, household and findings apart. What is not said is left out, never made
    up."""
    birth: PartialDate | None = row.get("birth")
    source = row.source
    since = m.Valid(birth.full()) if birth is not None else m.ALWAYS
    return m.PersonDraft(
        names=_names(row),
        birth=_birth(row, birth),
        traits=_traits(row, since),
        numbers=tuple(
            m.NumberFact(source=source, kind=kind, number=number)
            for kind, number in (
                (m.NumberKind.PERSONAL_ID, row.get("personal_id")),
                (m.NumberKind.CMND, row.get("cmnd")),
            )
            if number
        ),
        residences=_residences(row, birth),
        kin=_kin(row),
        marital=(m.MaritalFact(source=source, status=m.MaritalStatus(row.get("marital"))),)
        if row.get("marital")
        else (),
        contacts=tuple(
            m.ContactFact(source=source, kind=kind, value=value)
            for kind, value in (
                (m.ContactKind.PHONE, row.get("phone")),
                (m.ContactKind.EMAIL, row.get("email")),
            )
            if value
        ),
    )


def noticed(row: Row) -> tuple[m.Noticed, ...]:
    """The row's findings, with the line they came from."""
    if not row.notes:
        return ()
    return tuple(
        m.Noticed(code, (("field", name),) if name else (), f"{row.source.ref}; dòng {row.line}".lstrip("; "))
        for code, name in row.notes
    )


def _names(row: Row) -> tuple[m.NameFact, ...]:
    names = (m.NameFact(source=row.source, full_name=row.get("name")),)
    if other := row.get("other_name"):
        return (*names, m.NameFact(source=row.source, full_name=other, kind=m.NameKind.OTHER))
    return names


def _birth(row: Row, birth: PartialDate | None) -> m.BirthFact:
    born_at, registered_at, origin = row.place("birth_place"), row.place("registration_place"), row.place("origin")
    return m.BirthFact(
        source=row.source,
        year=birth.year if birth else None,
        month=birth.month if birth else None,
        day=birth.day if birth else None,
        sex=m.Sex(row.get("sex") or UNDETERMINED),
        birth_unit=born_at.unit_id,
        birth_place=born_at.text,
        registration_unit=registered_at.unit_id,
        registration_place=registered_at.text,
        origin_unit=origin.unit_id,
        origin_place=origin.text,
    )


def _traits(row: Row, since: m.Valid) -> tuple[m.TraitFact, ...]:
    ethnicity, religion = row.get("ethnicity") or "", row.get("religion") or ""
    nationality, blood = row.get("nationality") or "", row.get("blood_group") or ""
    if not (ethnicity or religion or nationality or blood):
        return ()
    return (
        m.TraitFact(
            source=row.source,
            ethnicity=ethnicity,
            religion=religion,
            nationality=nationality,
            blood_group=blood,
            valid=since,
        ),
    )


def _residences(row: Row, birth: PartialDate | None) -> tuple[m.ResidenceFact, ...]:
    found = []
    if (home := row.place("residence")).text:
        found.append(
            m.ResidenceFact(
                source=row.source,
                kind=m.ResidenceKind.PERMANENT,
                unit_id=home.unit_id,
                hamlet_id=home.hamlet_id,
                address=home.rest if home.unit_id is not None else home.text,
                file_number=row.get("file_number") or "",
                valid=m.Valid(since_of(row, "residence_since")),
            )
        )
    if (stay := row.place("temporary")).text:
        start, end = since_of(row, "temporary_since"), since_of(row, "temporary_until")
        if start is not None and end is not None and end <= start:
            start = None
        found.append(
            m.ResidenceFact(
                source=row.source,
                kind=m.ResidenceKind.TEMPORARY,
                unit_id=stay.unit_id,
                hamlet_id=stay.hamlet_id,
                address=stay.rest if stay.unit_id is not None else stay.text,
                valid=m.Valid(start, end),
            )
        )
    return tuple(found)


def since_of(row: Row, name: str) -> date | None:
    """A day a fact begins or ends on; a partial date is not one."""
    value: PartialDate | None = row.get(name)
    return value.full() if value is not None else None


def _kin(row: Row) -> tuple[m.KinFact, ...]:
    found = []
    for relation in (m.KinRelation.FATHER, m.KinRelation.MOTHER, m.KinRelation.SPOUSE):
        name, number = row.get(f"{relation}_name") or "", row.get(f"{relation}_number") or ""
        if not (name or number):
            continue
        born: PartialDate | None = row.get(f"{relation}_birth")
        found.append(
            m.KinFact(
                source=row.source,
                relation=relation,
                relative_name=name,
                relative_number=number,
                relative_birth=str(born) if born else "",
                relative_nationality=row.get(f"{relation}_nationality") or "",
            )
        )
    return tuple(found)


def membership(row: Row, household_key: int) -> m.MemberFact:
    """The person's place in the household."""
    return m.MemberFact(
        source=row.source,
        household_key=household_key,
        relation=m.HouseholdRelation(row.get("relation") or m.HouseholdRelation.UNKNOWN),
        valid=m.Valid(since_of(row, "residence_since")),
    )


def household(row: Row, household_key: int, head_key: int | None) -> m.HouseholdFact:
    """The household as this row of one of its members describes it."""
    home = row.place("residence")
    return m.HouseholdFact(
        source=row.source,
        household_key=household_key,
        head_key=head_key,
        unit_id=home.unit_id,
        hamlet_id=home.hamlet_id,
        address=home.rest if home.unit_id is not None else home.text,
        file_number=row.get("file_number") or row.get("household") or "",
        valid=m.ALWAYS,
    )
