"""A household is closed on the day from which nobody belongs to it, whichever verb took the last one away."""

from __future__ import annotations

from datetime import date

from dancu.kernel.dates import PartialDate
from dancu.population import service
from dancu.population.models import HouseholdRelation as R
from dancu.population.models import ResidenceKind
from dancu.population.policy.headship import HeadMoves, Headship
from dancu.population.service import checks

from .conftest import ELSEWHERE, place
from .test_households import family


def day(n: int, month: int = 3) -> date:
    return date(2026, month, n)


async def left_behind(office):
    return [f for f in await checks.findings(office.conn) if f.code != "household.no_head"]


async def ends(office, key):
    return {v.household_key: v.valid.end for v in (await office.view(key)).households}


async def test_founding_another_on_a_day_the_dead_member_still_lived(office):
    """Those who leave go before the last member dies: the household stands until that death."""
    head, wife, child, household = await family(office)
    await office(service.die, child, on=PartialDate(2026, 3, 20))
    done = await office(
        service.create_household, head, place=place(address="Số 2"), since=day(10), members={wife: R.SPOUSE}
    )
    assert "population.household.closed" in done.events
    assert (await ends(office, head))[household] == day(21)
    assert await left_behind(office) == []


async def test_founding_another_after_the_death(office):
    head, wife, child, household = await family(office)
    await office(service.die, child, on=PartialDate(2026, 3, 5))
    await office(service.create_household, head, place=place(address="Số 2"), since=day(10), members={wife: R.SPOUSE})
    assert (await ends(office, head))[household] == day(10)
    assert await left_behind(office) == []


async def test_leaving_in_another_order_than_the_days(office):
    """Recorded later, but earlier in the world: the household stands as long as the last one stayed."""
    head, wife, child, household = await family(office)
    await office(service.leave_household, child, on=day(20))
    await office(service.leave_household, wife, on=day(25))
    await office(service.leave_household, head, on=day(10))
    assert (await ends(office, head))[household] == day(25)
    assert await left_behind(office) == []


async def test_joining_and_moving_away(office):
    other, *_ = await family(office)
    head, wife, child, household = await family(office)
    for key in (wife, child):
        await office(service.leave_household, key, on=day(20))
    await office(service.join_household, head, household_of=other, relation=R.GUEST, since=day(10))
    assert (await ends(office, head))[household] == day(20)
    assert await left_behind(office) == []


async def test_a_merge_that_leaves_a_household_without_its_only_member(office):
    """Both records had a household; the kept record's stands, the other one's never had anybody else."""
    absorbed, kept = await office.person("Võ Lẻ"), await office.person("Võ Lẻ")
    alone = (await office(service.create_household, absorbed, place=place(), since=day(1))).household_key
    await office(service.create_household, kept, place=place(address="Số 2"), since=day(1))
    done = await office(service.merge, absorbed, kept_key=kept)
    assert "population.household.closed" in done.events
    assert await left_behind(office) == []
    cursor = await office.conn.execute(
        "SELECT count(*) FROM population.household WHERE household_key = %s AND upper_inf(recorded)", (alone,)
    )
    assert await cursor.fetchone() == (0,)
    await office(service.undo_merge, absorbed)
    assert (await office.view(absorbed)).household.head_key == absorbed
    assert await left_behind(office) == []


async def test_a_death_taken_back_opens_the_household_that_was_closed_without_them(office):
    head, wife, child, household = await family(office)
    await office(service.die, child, on=PartialDate(2026, 3, 5))
    await office(service.leave_household, wife, on=day(10))
    await office(service.leave_household, head, on=day(12))
    assert (await ends(office, child))[household] == day(12)
    done = await office(service.undo_death, child)
    view = await office.view(child)
    assert (view.household.household_key, view.household.head_key, view.household.valid.end) == (household, None, None)
    assert "household.no_head" in done.warnings
    assert await left_behind(office) == []


async def test_moving_away_together_empties_nothing(office):
    head, _, _, household = await family(office)
    await office(
        service.move, head, kind=ResidenceKind.PERMANENT, place=place(ELSEWHERE), since=day(10),
        household=Headship(HeadMoves.TOGETHER),
    )  # fmt: skip
    assert {k: v for k, v in (await ends(office, head)).items() if v is None} == {household: None}
