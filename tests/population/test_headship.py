"""A head who moves: along with the household, leaving it to another head, or leaving it as it is. Empty households."""

from __future__ import annotations

from datetime import date

import pytest

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid
from dancu.population import service
from dancu.population.models import HouseholdRelation as R
from dancu.population.models import ResidenceKind
from dancu.population.policy.headship import HeadMoves, Headship
from dancu.population.service import checks

from .conftest import ELSEWHERE, place
from .test_households import family

ON = date(2026, 3, 1)


async def away(office, key, headship=None):
    kwargs = {"household": headship} if headship else {}
    there = place(ELSEWHERE, "Số 3 Trần Phú")
    said = await office.preview(
        service.move, key, kind=ResidenceKind.PERMANENT, place=there, since=ON, **kwargs
    )
    done = await office(service.move, key, kind=ResidenceKind.PERMANENT, place=there, since=ON, **kwargs)
    assert said.warnings == done.warnings
    return done


async def test_as_it_is_is_said(office):
    head, wife, _, household = await family(office)
    done = await away(office, head)
    assert done.warnings == ("household.head_elsewhere",)
    view = await office.view(wife)
    assert (view.household.household_key, view.household.head_key) == (household, head)
    assert (await away(office, wife)).warnings == ()  # no head


async def test_the_household_moves_too(office):
    head, wife, child, household = await family(office)
    done = await away(office, head, Headship(HeadMoves.TOGETHER))
    assert done.warnings == ()
    for key in (head, wife, child):
        view = await office.view(key)
        assert (view.permanent.unit_id, view.permanent.address) == (ELSEWHERE, "Số 3 Trần Phú")
        assert (view.household.household_key, view.household.unit_id) == (household, ELSEWHERE)
        assert view.household.head_key == head
    before = await office.view(child, date(2026, 2, 28))
    assert before.household.address == "Số 9 Hùng Vương"
    assert before.permanent.unit_id != ELSEWHERE


async def test_another_head_is_named(office):
    head, wife, child, household = await family(office)
    with pytest.raises(Invalid) as nobody:
        await office(
            service.move, head, kind=ResidenceKind.PERMANENT, place=place(ELSEWHERE), since=ON,
            household=Headship(HeadMoves.NEW_HEAD),
        )  # fmt: skip
    assert nobody.value.code == "household.new_head"
    await away(office, head, Headship(HeadMoves.NEW_HEAD, wife, {child: R.CHILD}))
    assert (await office.view(head)).membership is None
    view = await office.view(child)
    assert (view.household.head_key, view.membership.relation) == (wife, R.CHILD)
    assert view.household.unit_id != ELSEWHERE
    assert (await office.view(wife)).membership.relation == R.HEAD
    assert household


async def test_the_last_member_closes_the_household(office, admin):
    head, wife, child, household = await family(office)
    for key, day in ((child, 2), (wife, 3)):
        done = await office(service.leave_household, key, on=date(2026, 4, day))
        assert "population.household.closed" not in done.events
    done = await office(service.leave_household, head, on=date(2026, 4, 4))
    assert "population.household.closed" in done.events
    assert done.warnings == ()  # nobody misses a head
    (last,) = (v for v in (await office.view(head)).households if v.household_key == household)
    assert (last.valid.end, last.head_key) == (date(2026, 4, 4), head)
    await office.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")


async def test_a_death_that_empties_a_household_can_be_undone(office):
    lone = await office.person()
    done = await office(service.create_household, lone, place=place(), since=date(2026, 1, 1))
    died = await office(service.die, lone, on=PartialDate(2026, 5, 10))
    assert "population.household.closed" in died.events
    assert died.warnings == ()
    assert (await office.view(lone)).households[0].valid.end == date(2026, 5, 11)
    await office(service.undo_death, lone)
    view = await office.view(lone)
    assert (view.household.household_key, view.household.head_key) == (done.household_key, lone)
    assert view.household.valid.end is None


async def test_joining_another_household_closes_the_one_left_empty(office):
    head, *_ = await family(office)
    lone = await office.person("Võ Lẻ")
    await office(service.create_household, lone, place=place(address="Số 5"), since=date(2026, 1, 1))
    done = await office(service.join_household, lone, household_of=head, relation=R.GUEST, since=date(2026, 2, 1))
    assert "population.household.closed" in done.events
    ends = {v.household_key: v.valid.end for v in (await office.view(lone)).households}
    assert sorted(ends.values(), key=str) == [date(2026, 2, 1), None]


async def test_leftovers_are_found_at_night(office, registry, admin):
    lone = await office.person()
    done = await office(service.create_household, lone, place=place(), since=date(2026, 1, 1))
    await office.conn.commit()
    await admin.execute(
        "UPDATE population.household_member SET valid = daterange(lower(valid), '2026-02-01') WHERE household_key = %s",
        (done.household_key,),
    )
    found = [f for f in await checks.findings(admin) if f.code == "household.empty"]
    assert [(f.person_key, f.params) for f in found] == [(lone, {"household_key": done.household_key})]
