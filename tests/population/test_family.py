"""Marriage, parents, representatives."""

from __future__ import annotations

from datetime import date

import pytest

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError
from dancu.population import service
from dancu.population.models import (
    HouseholdRelation,
    KinFact,
    KinRelation,
    MaritalStatus,
    MemberFact,
    Sex,
    Source,
    Valid,
)

from .conftest import draft, place

D = date(2026, 3, 8)


async def couple(office):
    return await office.person("Nguyễn Văn An", sex=Sex.MALE), await office.person("Lê Thị Bé")


async def test_marriage_is_written_on_both(office):
    he, she = await couple(office)
    done = await office(service.marry, he, spouse_key=she, on=D)
    assert set(done.entries) == {he, she}
    one, two = await office.view(he), await office.view(she)
    assert one.spouse.relative_key == she
    assert two.spouse.relative_key == he
    assert one.spouse.relative_name == "Lê Thị Bé"
    assert one.marital_status.status == two.marital_status.status == MaritalStatus.MARRIED
    other = await office.person("Võ Thị Ba")
    with pytest.raises(DancuError) as refused:
        await office(service.marry, he, spouse_key=other, on=date(2026, 4, 1))
    assert refused.value.code == "marriage.married"

    await office(service.divorce, she, on=date(2026, 6, 1))
    for key in (he, she):
        view = await office.view(key)
        assert view.spouse is None
        assert view.marital_status.status == MaritalStatus.DIVORCED
        assert (await office.view(key, date(2026, 5, 31))).marital_status.status == MaritalStatus.MARRIED
    await office(service.marry, he, spouse_key=other, on=date(2026, 7, 1))


async def test_annulment_holds_from_the_wedding(office):
    he, she = await couple(office)
    await office(service.marry, he, spouse_key=she, on=D)
    done = await office(service.annul_marriage, he, on=date(2026, 6, 1))
    assert (await office.view(she, D)).marital_status.status == MaritalStatus.SINGLE
    assert (await office.view(she, D)).spouse is None
    assert (await office.view(she, D, known_at=done.tick.replace(year=2026, month=1, day=1))).spouse is None


@pytest.mark.parametrize(
    ("his", "hers", "code"),
    [
        ({"year": 2008}, {}, "marriage.age"),
        ({}, {"year": 2010}, "marriage.age"),
        ({"sex": Sex.FEMALE}, {}, "marriage.same_sex"),
        ({"year": 2006, "month": None, "day": None}, {}, None),
    ],
)
async def test_who_may_marry(office, his, hers, code):
    he = await office.person("Nguyễn Văn An", **{"sex": Sex.MALE, **his})
    she = await office.person("Lê Thị Bé", **hers)
    if code is None:
        done = await office(service.marry, he, spouse_key=she, on=D)
        assert "marriage.age_unknown" in done.warnings
        return
    with pytest.raises(DancuError) as refused:
        await office(service.marry, he, spouse_key=she, on=D)
    assert refused.value.code == code


async def test_kin_may_not_marry(office):
    father = await office.person("Nguyễn Văn Cha", sex=Sex.MALE, year=1950)
    brother = await office.person("Nguyễn Văn Anh", sex=Sex.MALE, year=1980)
    sister = await office.person("Nguyễn Thị Em", year=1982)
    for child in (brother, sister):
        await office(service.set_parent, child, relation=KinRelation.FATHER, parent=father)
    for one, other in ((brother, sister), (father, sister)):
        with pytest.raises(DancuError) as refused:
            await office(service.marry, one, spouse_key=other, on=D)
        assert refused.value.code == "marriage.kin"


async def test_death_widows(office):
    he, she = await couple(office)
    await office(service.marry, he, spouse_key=she, on=D)
    await office(service.die, he, on=PartialDate(2026, 6))
    view = await office.view(she)
    assert view.marital_status.status == MaritalStatus.WIDOWED
    assert view.spouse is None
    assert (await office.view(she, date(2026, 6, 30))).spouse.relative_key == he
    await office(service.undo_death, he)
    view = await office.view(she)
    assert view.marital_status.status == MaritalStatus.MARRIED
    assert view.spouse.relative_key == he


@pytest.mark.parametrize("day", [30, 28])
async def test_spouses_who_die_in_one_accident_were_neither_widowed(office, day):
    """Whoever is registered second may also have died first."""
    he, she = await couple(office)
    await office(service.marry, he, spouse_key=she, on=D)
    await office(service.die, he, on=PartialDate(2026, 6, 30))
    await office(service.die, she, on=PartialDate(2026, 6, day))
    for one in (he, she):
        view = await office.view(one, date(2026, 6, day))
        assert view.marital_status.status == MaritalStatus.MARRIED
    assert not [m for m in (await office.view(she)).marital if m.status == MaritalStatus.WIDOWED]
    await office(service.undo_death, she)
    assert (await office.view(she)).marital_status.status == MaritalStatus.WIDOWED


async def test_parents_both_ways(office):
    mother = await office.person("Lê Thị Mẹ", year=1970)
    child = await office.person("Nguyễn Văn Con", sex=Sex.MALE, year=2000)
    await office(service.set_parent, child, relation=KinRelation.MOTHER, parent=mother)
    assert (await office.view(mother)).relatives(KinRelation.CHILD)[0].relative_key == child
    real = await office.person("Võ Thị Thật", year=1971)
    await office(service.set_parent, child, relation=KinRelation.MOTHER, parent=real)
    assert (await office.view(mother)).relatives(KinRelation.CHILD) == ()
    assert (await office.view(child)).relatives(KinRelation.MOTHER)[0].relative_key == real
    paper = KinFact(source=Source("x"), relation=KinRelation.MOTHER, relative_name="Trần Thị Giấy")
    await office(service.set_parent, child, relation=KinRelation.MOTHER, parent=paper)
    assert (await office.view(real)).relatives(KinRelation.CHILD) == ()
    assert (await office.view(child)).relatives(KinRelation.MOTHER)[0].relative_name == "Trần Thị Giấy"


async def test_nobody_is_their_own_ancestor(office):
    a = await office.person("Nguyễn Văn A", sex=Sex.MALE, year=1940)
    b = await office.person("Nguyễn Văn B", sex=Sex.MALE, year=1960)
    c = await office.person("Nguyễn Văn C", sex=Sex.MALE, year=1980)
    await office(service.set_parent, b, relation=KinRelation.FATHER, parent=a)
    await office(service.set_parent, c, relation=KinRelation.FATHER, parent=b)
    for child, parent, code in ((a, a, "kin.oneself"), (a, c, "kin.cycle"), (a, b, "kin.cycle")):
        with pytest.raises(DancuError) as refused:
            await office(service.set_parent, child, relation=KinRelation.FATHER, parent=parent)
        assert refused.value.code == code
    young = await office.person("Nguyễn Văn Trẻ", sex=Sex.MALE, year=1990)
    done = await office(service.set_parent, young, relation=KinRelation.FATHER, parent=c)
    assert "kin.parent_too_young" in done.warnings


async def test_a_birth_tells_the_parents(office):
    he, she = await couple(office)
    kin = tuple(
        KinFact(source=Source("declaration"), relation=r, relative_key=k)
        for r, k in ((KinRelation.FATHER, he), (KinRelation.MOTHER, she))
    )
    home = await office(service.create_household, he, place=place(), since=date(2026, 1, 1))
    member = MemberFact(
        source=Source("declaration"), valid=Valid(date(2026, 5, 20)), household_key=home.household_key,
        relation=HouseholdRelation.CHILD,
    )  # fmt: skip
    newborn = draft("Nguyễn Văn Bé", sex=Sex.MALE, year=2026, month=5, kin=kin, memberships=(member,))
    done = await office(service.register_birth, newborn)
    stranger = draft("Võ Lạ", memberships=(member,))
    with pytest.raises(DancuError) as unknown:
        await office(service.register, stranger)
    assert unknown.value.code == "household.not_found"
    child = await office.view(done.person_key)
    assert child.relatives(KinRelation.FATHER)[0].relative_name == "Nguyễn Văn An"
    assert (await office.view(she)).relatives(KinRelation.CHILD)[0].relative_key == done.person_key
    assert child.missing == ("personal_id",)
    assert child.household.head_key == he


async def test_representative(office):
    ward, guardian = await office.person("Bé Con", year=2015), await office.person("Người Lớn")
    await office(service.set_representative, ward, representative=guardian, since=D)
    assert (await office.view(guardian)).relatives(KinRelation.REPRESENTED)[0].relative_key == ward
    await office(service.end_representation, ward, on=date(2026, 9, 1))
    assert (await office.view(guardian)).relatives(KinRelation.REPRESENTED) == ()
    assert (await office.view(ward)).relatives(KinRelation.REPRESENTATIVE) == ()


async def test_a_relative_is_shown_as_called_now_beside_what_was_declared(office, clerk):
    from dancu.population.pages.record import sections
    from dancu.population.service.relatives import names_now

    from .conftest import CIVIL

    child, mother = await office.person("Trần Văn Con", year=2015), await office.person("Lê Thị Bé", year=1985)
    await office(service.set_parent, child, relation=KinRelation.MOTHER, parent=mother)
    await office(service.change_name, mother, full_name="Lê Thị Bích", since=date(2026, 1, 2))
    view = await office.view(child)
    assert view.kin[0].relative_name == "Lê Thị Bé"
    names = await names_now(office.conn, clerk, CIVIL, [mother, child + 99_999])
    assert names == {mother: "Lê Thị Bích"}

    def told(names):
        return next((line.value, line.note) for _, lines in sections(view, view.as_of, names) for line in lines if line.field == "mother")

    value, note = told(names)
    assert value.startswith("Lê Thị Bích")
    assert "Lê Thị Bé" in note
    assert told({}) == (value.replace("Bích", "Bé"), "")


async def test_nobody_is_father_and_mother_of_one_child(office):
    child, mother = await office.person("Trần Văn Con"), await office.person("Lê Thị Mẹ")
    await office(service.set_parent, child, relation=KinRelation.MOTHER, parent=mother)
    with pytest.raises(DancuError) as refused:
        await office(service.set_parent, child, relation=KinRelation.FATHER, parent=mother)
    assert refused.value.code == "kin.both"


async def test_who_a_merge_made_father_and_mother_stays_one_of_the_two(office):
    child, mother, again = await office.person("Trần Văn Con"), await office.person("Lê Thị Mẹ"), await office.person("Lê Thị Mẹ")
    await office(service.set_parent, child, relation=KinRelation.MOTHER, parent=mother)
    await office(service.set_parent, child, relation=KinRelation.FATHER, parent=again)
    await office(service.merge, again, kept_key=mother)
    await office(service.set_parent, child, relation=KinRelation.FATHER, parent=None)
    assert [k.relative_key for k in (await office.view(mother)).relatives(KinRelation.CHILD)] == [child]
