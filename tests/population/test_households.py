"""Households: one head who is a member, one household a person, relations to the head."""

from __future__ import annotations

from datetime import date

import pytest

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, DancuError, Invalid
from dancu.population import service
from dancu.population.models import HouseholdRelation as R
from dancu.population.models import Sex

from .conftest import place

D = date(2026, 1, 1)


async def family(office, **kwargs):
    head = await office.person("Nguyễn Văn An", sex=Sex.MALE)
    wife = await office.person("Lê Thị Bé")
    child = await office.person("Nguyễn Văn Con", sex=Sex.MALE, year=2015)
    done = await office(
        service.create_household, head, place=place(), since=D, members={wife: R.SPOUSE, child: R.CHILD}
    )
    return head, wife, child, done.household_key


async def test_found_join_leave(office):
    head, wife, child, household = await family(office)
    view = await office.view(child)
    assert view.membership.household_key == household
    assert view.membership.relation == R.CHILD
    assert view.household.head_key == head

    guest = await office.person("Võ Khách")
    await office(service.join_household, guest, household_of=wife, relation=R.GUEST, since=date(2026, 2, 1))
    of_each = [(await office.view(one, date(2026, 2, 1))).membership.household_key for one in (head, wife, child, guest)]
    assert of_each == [household] * 4
    with pytest.raises(Conflict) as again:
        await office(service.join_household, guest, household_of=head, relation=R.GUEST, since=date(2026, 3, 1))
    assert again.value.code == "household.member_already"
    await office(service.leave_household, guest, on=date(2026, 4, 1))
    assert (await office.view(guest)).membership is None
    assert (await office.view(guest, date(2026, 3, 31))).membership.relation == R.GUEST


async def test_a_head_must_be_a_member(office):
    head, wife, _, _ = await family(office)
    stranger = await office.person("Võ Lạ")
    with pytest.raises(DancuError) as refused:
        await office(service.change_head, stranger, since=date(2026, 2, 1))
    assert refused.value.code == "household.not_member"
    with pytest.raises(Invalid) as joined:
        await office(service.join_household, stranger, household_of=head, relation=R.HEAD, since=date(2026, 2, 1))
    assert joined.value.code == "household.join_as_head"
    with pytest.raises(Conflict) as same:
        await office(service.change_head, head, since=date(2026, 2, 1))
    assert same.value.code == "household.head_same"
    assert wife


async def test_another_head_changes_all_relations(office):
    head, wife, child, household = await family(office)
    done = await office(service.change_head, wife, since=date(2026, 3, 1), relations={head: R.SPOUSE})
    assert "population.household.head_changed" in done.events
    relations = {k: (await office.view(k)).membership.relation for k in (head, wife, child)}
    assert relations == {head: R.SPOUSE, wife: R.HEAD, child: R.UNKNOWN}
    assert (await office.view(head)).household.head_key == wife
    assert (await office.view(head, date(2026, 2, 28))).household.head_key == head
    assert (await office.view(head, date(2026, 2, 28))).membership.relation == R.HEAD
    assert household


async def test_split(office):
    head, wife, child, household = await family(office)
    done = await office(
        service.split_household, wife, place=place(address="Số 2"), since=date(2026, 3, 1), members={child: R.CHILD}
    )
    assert done.household_key != household
    assert (await office.view(child)).household.head_key == wife
    assert (await office.view(head)).household.head_key == head
    lone = await office.person("Võ Lẻ")
    with pytest.raises(Conflict) as refused:
        await office(service.split_household, lone, place=place(), since=date(2026, 3, 1))
    assert refused.value.code == "household.not_member"


async def test_death_of_the_head_leaves_the_household_without_one(office):
    head, wife, _, household = await family(office)
    done = await office(service.die, head, on=PartialDate(2026, 5, 10))
    assert "household.no_head" in done.warnings
    version = (await office.view(wife)).household
    assert version.household_key == household
    assert version.head_key is None
    assert (await office.view(wife, date(2026, 5, 10))).household.head_key == head
    await office(service.undo_death, head)
    assert (await office.view(wife)).household.head_key == head
    await office.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")


async def test_undoing_a_death_is_refused_when_another_act_rests_on_it(office):
    head, wife, _, _ = await family(office)
    await office(service.die, head, on=PartialDate(2026, 5, 10))
    await office(service.change_head, wife, since=date(2026, 6, 1))
    with pytest.raises(Conflict) as refused:
        await office(service.undo_death, head)
    assert refused.value.code == "change.changed_since"


async def test_a_household_is_not_founded_before_its_head_joins_a_later_one(office):
    """The later household would take the head away and leave this one without, unsaid."""
    key = await office.person()
    await office(service.create_household, key, place=place(), since=date(2026, 1, 1))
    with pytest.raises(Conflict) as refused:
        await office(service.create_household, key, place=place(), since=date(2025, 9, 1))
    assert refused.value.code == "household.head_elsewhere_later"
