"""Drafts for tests: one person with every kind of fact, and simple ones in any number."""

from __future__ import annotations

from datetime import date

from dancu.population import models as m

BOOK = m.Source("residence_register", 'sổ "01"\\2023\tTC', date(2023, 4, 15))
CARD = m.Source("id_card", "049190012345", None)


def whole(key: int | None = None, household: int = 7) -> m.PersonDraft:
    """A dead person with every kind of fact, text that needs quoting, partial dates and origins."""
    since = m.Valid(date(1990, 4, 12))
    return m.PersonDraft(
        person_key=key,
        names=(
            m.NameFact(source=BOOK, full_name="Trần Thị Hoà"),
            m.NameFact(
                source=CARD,
                full_name="Hoà \\ “Bé”",
                kind=m.NameKind.OTHER,
                valid=m.Valid(None, date(2000, 1, 1)),
            ),
        ),
        birth=m.BirthFact(
            source=BOOK,
            year=1990,
            month=4,
            sex=m.Sex.FEMALE,
            birth_place='Trạm xá "cũ"\nTam Kỳ',
            origin_place="Quảng Nam",
            origins={"sex": CARD, "birth_year": m.Source("kin", "", date(2020, 2, 29))},
        ),
        traits=(
            m.TraitFact(
                source=BOOK,
                ethnicity="Kinh",
                nationality="VNM",
                blood_group="O+",
                origins={"ethnicity": CARD},
            ),
        ),
        numbers=(
            m.NumberFact(source=CARD, kind=m.NumberKind.PERSONAL_ID, number="049190012345", valid=since),
            m.NumberFact(source=CARD, kind=m.NumberKind.CMND, number="205123456", state=m.NumberState.REPLACED),
        ),
        residences=(
            m.ResidenceFact(source=BOOK, kind=m.ResidenceKind.PERMANENT, address="12 Phan Bội Châu", valid=since),
            m.ResidenceFact(
                source=BOOK,
                kind=m.ResidenceKind.ABSENCE,
                reason="đi học",
                valid=m.Valid(date(2010, 1, 1), date(2011, 1, 1)),
            ),
        ),
        memberships=(
            m.MemberFact(source=BOOK, household_key=household, relation=m.HouseholdRelation.HEAD, valid=since),
        ),
        kin=(m.KinFact(source=BOOK, relation=m.KinRelation.FATHER, relative_name="Trần Văn B", relative_birth="1960"),),
        marital=(m.MaritalFact(source=BOOK, status=m.MaritalStatus.MARRIED, valid=m.Valid(date(2015, 1, 1))),),
        cards=(
            m.CardFact(
                source=CARD,
                kind=m.CardKind.CHIP,
                number="049190012345",
                issued_on=date(2022, 4, 5),
                issued_by="Cục",
                valid=m.Valid(date(2022, 4, 5)),
            ),
        ),
        contacts=(m.ContactFact(source=BOOK, kind=m.ContactKind.PHONE, value="0912345678"),),
        life=(
            m.LifeFact(
                source=BOOK,
                status=m.LifeStatus.DEAD,
                year=2022,
                month=12,
                place="Tam Kỳ",
                valid=m.Valid(date(2022, 12, 1)),
            ),
        ),
        other=(m.OtherFact(source=BOOK, name="tài khoản", value="x"),),
        findings=(m.Noticed("person.number.sex", (("field", "sex"),), "tệp a.csv dòng 2"),),
    )


def simple(number: int, *, key: int | None = None, name: str = "Nguyễn Văn An") -> m.PersonDraft:
    """A living person with a number, for volume."""
    return m.PersonDraft(
        person_key=key,
        names=(m.NameFact(source=BOOK, full_name=name),),
        birth=m.BirthFact(source=BOOK, year=1990, month=1, day=2, sex=m.Sex.MALE),
        numbers=(m.NumberFact(source=BOOK, kind=m.NumberKind.PERSONAL_ID, number=f"{number:012}"),),
    )
