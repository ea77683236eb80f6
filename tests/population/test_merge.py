"""Merge; undo is the identity of what the registry knows; history keeps both."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict
from dancu.population import service
from dancu.population.models import (
    CardKind,
    CardState,
    ContactKind,
    KinRelation,
    MaritalStatus,
    NumberFact,
    NumberKind,
    OtherFact,
    ResidenceKind,
    Sex,
    Source,
    Valid,
)
from dancu.population.models import HouseholdRelation as R
from dancu.population.policy.differences import SOURCE_ORDER, better, differences, source_of
from dancu.population.service import checks
from dancu.population.store import facts, gate, numbers

from .conftest import draft, place

SOURCE = Source("residence_register", "2")


def said(view):
    """What a view says, without when and by whom it was recorded."""
    return (
        sorted(repr(replace(f, stored=None)) for f in view.facts()),
        sorted(repr(replace(h, stored=None)) for h in view.households),
        view.alive_until,
        view.merged_into,
        view.areas,
        view.missing,
    )


async def knowledge(office, keys):
    return {k: (said(await office.view(k)), await numbers.of_person(office.conn, k)) for k in keys}


async def two_records(office, extras: frozenset[str]):
    """A person twice, with a wife, a child and a household; `extras` decides who knows what."""
    cmnd = NumberFact(source=SOURCE, kind=NumberKind.CMND, number="205123456")

    def number(text):
        return NumberFact(source=SOURCE, kind=NumberKind.PERSONAL_ID, number=text)

    def person(tag, own):
        listed = [number(own)] if f"{tag}_number" in extras else []
        listed += [cmnd] if f"{tag}_cmnd" in extras else []
        return replace(draft("Nguyễn Văn An", sex=Sex.MALE, year=1985), numbers=tuple(listed))

    a = (await office(service.register, person("a", "049085000001"))).person_key
    b = (await office(service.register, person("b", "049085000002"))).person_key
    wife, child = await office.person("Lê Thị Bé"), await office.person("Nguyễn Con", year=2012)
    for tag, key in (("a", a), ("b", b)):
        if f"{tag}_house" in extras:
            members = {child: R.CHILD} if tag == "a" else {}
            await office(service.create_household, key, place=place(), since=date(2026, 1, 1), members=members)
        if f"{tag}_child" in extras:
            await office(service.set_parent, child, relation=KinRelation.FATHER, parent=key)
        if f"{tag}_contact" in extras:
            await office(
                service.change_contact, key, kind=ContactKind.PHONE,
                value="0510000001" if tag == "a" else "0510000002", since=date(2026, 1, 2),
            )  # fmt: skip
        if f"{tag}_card" in extras:
            await office(
                service.issue_card, key, kind=CardKind.CHIP, number=f"04908500000{tag == 'b'}",
                issued_on=date(2026, 1, 3),
            )  # fmt: skip
        if f"{tag}_stay" in extras:
            await office(
                service.move, key, kind=ResidenceKind.TEMPORARY, place=place(address=tag), since=date(2026, 1, 4)
            )
    if "b_birth" in extras:
        await office(
            service.correct_birth, b, values={"year": 1984, "sex": Sex.UNDETERMINED, "birth_place": "Trạm y tế", "origin_unit": None}
        )  # fmt: skip
        await office(service.correct_traits, b, values={"ethnicity": "Tày", "religion": "Phật giáo"})
        await office(service.change_traits, b, values={"nationality": "LAO"}, since=date(2026, 1, 9))
    if "b_names" in extras:
        await office(service.change_name, b, full_name="Nguyễn Văn Ân", since=date(2026, 1, 8))
    if "a_other" in extras:
        for key, value in ((a, "x"), (b, "y")):
            await office(service.correct_facts, key, replacements={}, additions=[OtherFact(source=SOURCE, name="note", value=value)])
    if "a_wife" in extras:
        await office(service.marry, a, spouse_key=wife, on=date(2026, 1, 5))
    for tag, key in (("a", a), ("b", b)):
        if f"{tag}_dead" in extras:
            await office(service.die, key, on=PartialDate(2026, 2, 1))
    return a, b, wife, child


EXTRAS = [f"{t}_{e}" for t in "ab" for e in ("number", "cmnd", "house", "child", "contact", "card", "stay", "dead")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    extras=st.frozensets(st.sampled_from([*EXTRAS, "a_wife", "b_birth", "b_names", "a_other"])),
    sides=st.lists(st.sampled_from(["absorbed", "kept", None]), min_size=12, max_size=12),
)
async def test_merge_then_undo_is_the_identity(office, extras, sides):
    keys = await two_records(office, extras)
    a, b, *_ = keys
    before = await knowledge(office, keys)
    found = differences(await office.view(a), await office.view(b))
    choices = {d.code: side for d, side in zip(found, sides, strict=False) if side is not None}
    done = await office(service.merge, a, kept_key=b, choices=choices)
    merged = await office.view(a)
    assert merged.merged_into == b
    assert merged.facts() == ()
    kept = await office.view(b)
    if "a_cmnd" in extras:
        assert "205123456" in {n.number for n in kept.numbers}
    assert len([n for n in kept.numbers if n.kind == NumberKind.PERSONAL_ID and n.state == "active"]) <= 1
    undone = await office(service.undo_merge, a)
    assert await knowledge(office, keys) == before
    await office.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
    await office.conn.execute("SET CONSTRAINTS ALL DEFERRED")
    history = await facts.load_history(office.conn, a)
    ends = {f.stored.known_until for f in history}
    assert done.tick in ends
    assert undone.tick > done.tick
    then = await office.view(b, known_at=done.tick)
    assert sorted(map(repr, (replace(f, stored=None) for f in then.facts()))) == sorted(
        map(repr, (replace(f, stored=None) for f in kept.facts()))
    )
    await office.conn.rollback()


async def test_a_merged_record_takes_no_acts_and_its_numbers_lead_on(office):
    a, b, _, _ = await two_records(office, frozenset({"a_number", "b_number", "a_cmnd"}))
    await office(service.merge, a, kept_key=b)
    with pytest.raises(Conflict) as refused:
        await office(service.correct_name, a, full_name="Nguyễn Văn Ân")
    assert refused.value.code == "person.merged"
    rows = {(n, s, k) for n, _, s, k in await gate.keys_of(office.conn, ["049085000001", "205123456"])}
    assert rows == {("049085000001", "cancelled", b), ("205123456", "active", b)}
    with pytest.raises(Conflict) as again:
        await office(service.merge, a, kept_key=b)
    assert again.value.code == "person.merged"


async def test_undo_is_refused_when_later_changes_rest_on_the_merge(office):
    a, b, _, _ = await two_records(office, frozenset({"a_contact"}))
    await office(service.merge, a, kept_key=b)
    await office(service.change_contact, b, kind=ContactKind.PHONE, value="0510000009")
    with pytest.raises(Conflict) as refused:
        await office(service.undo_merge, a)
    assert refused.value.code == "change.changed_since"
    with pytest.raises(Conflict) as none:
        await office(service.undo_merge, b)
    assert none.value.code == "merge.none"


async def test_relatives_point_to_the_record_that_stands(office):
    a, b, wife, child = await two_records(office, frozenset({"a_wife", "a_child", "a_house"}))
    await office(service.merge, a, kept_key=b)
    assert (await office.view(child)).relatives(KinRelation.FATHER)[0].relative_key == b
    assert (await office.view(wife)).spouse.relative_key == b
    assert (await office.view(b)).spouse.relative_key == wife
    assert (await office.view(child)).household.head_key == b


async def test_the_record_that_stands_heads_no_household_it_has_left(office):
    a, b, host = await office.person("Trần Văn Một"), await office.person("Trần Văn Một"), await office.person("Lê Thị Chủ")
    child = await office.person("Trần Văn Con")
    await office(service.create_household, a, place=place(), since=date(2025, 8, 1), members={child: R.CHILD})
    await office(service.create_household, host, place=place(), since=date(2026, 1, 1), members={b: R.GUEST})
    before = await knowledge(office, [a, b, host, child])
    await office(service.merge, a, kept_key=b)
    assert (await office.view(child, as_of=date(2025, 12, 31))).household.head_key == b
    assert (await office.view(child)).household.head_key is None
    assert [f.code for f in await checks.findings(office.conn)] == ["household.no_head"]
    await office(service.undo_merge, a)
    assert await knowledge(office, [a, b, host, child]) == before


@pytest.mark.parametrize("kept_is_dead", [False, True])
async def test_a_death_that_one_record_knows_widows_the_spouse_and_leaves_the_household_without_a_head(office, kept_is_dead):
    a, b = await office.person("Trần Văn Một", sex=Sex.MALE), await office.person("Trần Văn Một", sex=Sex.MALE)
    wife, child = await office.person("Lê Thị Vợ", sex=Sex.FEMALE), await office.person("Trần Văn Con")
    dead, alive = (b, a) if kept_is_dead else (a, b)
    await office(service.marry, alive, spouse_key=wife, on=date(2025, 6, 1))
    await office(service.create_household, alive, place=place(), since=date(2025, 8, 1), members={wife: R.SPOUSE, child: R.CHILD})
    await office(service.change_contact, alive, kind=ContactKind.PHONE, value="0510000009", since=date(2025, 8, 1))
    await office(service.die, dead, on=PartialDate(2026, 1, 10))
    before = await knowledge(office, [a, b, wife, child])
    await office(service.merge, a, kept_key=b)
    view, widow = await office.view(b), await office.view(wife)
    assert (view.death.day, view.household, view.spouse, {c.valid.end for c in view.contacts}) == (10, None, None, {date(2026, 1, 11)})
    assert [m.status for m in widow.marital if m.valid == Valid(date(2026, 1, 11))] == [MaritalStatus.WIDOWED]
    assert widow.spouse is None
    assert (await office.view(child)).household.head_key is None
    assert (await office.view(child, as_of=date(2026, 1, 10))).household.head_key == b
    assert [f.code for f in await checks.findings(office.conn)] == ["household.no_head"]
    await office(service.undo_merge, a)
    assert await knowledge(office, [a, b, wife, child]) == before


async def test_a_marriage_that_a_merge_cut_in_two_is_annulled_on_both_records(office):
    a, b = await office.person("Trần Văn Một", sex=Sex.MALE), await office.person("Trần Văn Một", sex=Sex.MALE)
    wife, other = await office.person("Lê Thị Vợ", sex=Sex.FEMALE), await office.person("Lê Thị Trước", sex=Sex.FEMALE)
    await office(service.marry, a, spouse_key=wife, on=date(2025, 6, 1))
    await office(service.marry, b, spouse_key=other, on=date(2026, 1, 1))
    await office(service.divorce, b, on=date(2026, 1, 28))
    await office(service.merge, a, kept_key=b)
    await office(service.annul_marriage, wife, on=date(2026, 2, 3))
    assert await checks.findings(office.conn) == []
    assert {k.relative_key for k in (await office.view(b)).kin} == {other}


async def test_who_descends_from_somebody_is_somebody_else(office):
    a, b, wife, child = await two_records(office, frozenset({"a_wife", "a_child"}))
    for one, other in ((a, child), (child, a), (a, wife), (wife, a)):
        with pytest.raises(Conflict) as refused:
            await office(service.merge, one, kept_key=other)
        assert refused.value.code == "merge.kin"
    await office(service.merge, b, kept_key=a)


async def test_the_officer_chooses_fact_by_fact(office):
    a, b, *_ = await two_records(office, frozenset({"a_card", "b_card", "b_birth", "b_names", "a_stay", "b_stay"}))
    one, two = await office.view(a), await office.view(b)
    found = {d.code.split("-")[0] + d.part: d for d in differences(one, two)}
    # Sex and origin are not known to the kept record: nothing to choose, they are learned.
    assert set(found) == {"name", "birthdate", "birthbirth_place", "traitethnicity", "traitnationality", "card", "residence"}
    sides = {"name": "absorbed", "birthdate": "absorbed", "birthbirth_place": "kept", "traitethnicity": "kept",
             "traitnationality": "absorbed", "card": "absorbed", "residence": "kept"}  # fmt: skip
    done = await office(service.merge, a, kept_key=b, choices={found[k].code: s for k, s in sides.items()})
    assert done.warnings == ()  # everything was decided
    view = await office.view(b)
    assert view.name.full_name == "Nguyễn Văn An"
    assert (view.birth.year, view.birth.sex, view.birth.birth_place) == (1985, Sex.MALE, "Trạm y tế")
    assert view.birth.origin_unit == one.birth.origin_unit
    assert source_of(view.birth, "year") == one.birth.source
    assert (view.trait.ethnicity, view.trait.nationality) == ("Tày", "VNM")
    assert view.card.number == "04908500000False"
    assert {c.number: c.state for c in view.cards} == {
        "04908500000False": CardState.ACTIVE, "04908500000True": CardState.REVOKED,
    }  # fmt: skip
    assert view.temporary.address == "b"
    await office.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")


async def test_what_nobody_chose_comes_from_the_better_source_and_is_said(office):
    a, b, *_ = await two_records(office, frozenset({"b_names"}))
    done = await office(service.merge, a, kept_key=b)
    assert done.warnings == ("merge.differs",)


def test_the_better_source():
    name, home = next(k for k in SOURCE_ORDER if k.__name__ == "NameFact"), next(
        k for k in SOURCE_ORDER if k.__name__ == "ResidenceFact"
    )
    birth, residence = Source("birth_register"), Source("residence_register")
    assert better(name, birth, residence) == "absorbed"
    assert better(home, birth, residence) == "kept"
    assert better(name, Source("declaration", date=date(2026, 1, 1)), Source("declaration", date=date(2020, 1, 1))) == "absorbed"
    assert better(name, Source("declaration"), Source("declaration")) == "kept"
    assert better(name, Source("kin"), Source("some_old_file")) == "absorbed"


async def test_a_choice_between_values_that_changed_is_refused(office):
    a, b, *_ = await two_records(office, frozenset({"b_names"}))
    with pytest.raises(Conflict) as refused:
        await office(service.merge, a, kept_key=b, choices={"name-1": "kept"})
    assert refused.value.code == "fact.changed"


async def test_a_merge_is_not_undone_into_a_circle_of_descent(office):
    """The merge dropped one of two fathers. Since then he has been recorded as a grandson of the record that stands;
    undone, he would be his own great-grandfather."""
    a, b, child, father, other = [
        await office.person(f"Nguyễn {n}", sex=Sex.MALE) for n in ("A", "B", "Con", "Cha", "Khác")
    ]
    for one, parent in ((a, father), (b, other), (child, a)):
        await office(service.set_parent, one, relation=KinRelation.FATHER, parent=parent)
    await office(service.merge, a, kept_key=b)
    assert (await office.view(father)).relatives(KinRelation.CHILD) == ()  # who stands says another father
    assert [f for f in await checks.findings(office.conn) if f.code.startswith("kin.")] == []
    await office(service.set_parent, father, relation=KinRelation.FATHER, parent=child)
    for attempt in (office.preview, office):
        with pytest.raises(Conflict) as refused:
            await attempt(service.undo_merge, a)
        assert refused.value.code == "change.changed_since"
    await office(service.set_parent, father, relation=KinRelation.FATHER, parent=None)
    await office(service.undo_merge, a)
    assert [f for f in await checks.findings(office.conn) if f.code.startswith("kin.")] == []
