"""From registration to death, with evidence and news on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, DancuError, Invalid
from dancu.population import service
from dancu.population.models import (
    KinFact,
    KinRelation,
    LifeFact,
    LifeStatus,
    NumberFact,
    NumberKind,
    ResidenceKind,
    Source,
    Valid,
)
from dancu.population.store import gate

from .conftest import ELSEWHERE, HERE, NOW_HERE, draft, place


async def test_a_life(office):
    done = await office(service.register, draft(number="049190012345"))
    key = done.person_key
    view = await office.view(key)
    assert view.name.full_name == "Trần Thị Hoà"
    assert view.personal_id.number == "049190012345"
    assert NOW_HERE in view.areas
    assert view.missing == ()
    assert view.name.stored.entry_id == done.entry_id

    moved = await office(
        service.move, key, kind=ResidenceKind.PERMANENT, place=place(address="Số 9"), since=date(2026, 2, 1)
    )
    view = await office.view(key)
    assert view.permanent.address == "Số 9"
    assert (await office.view(key, date(2026, 1, 31))).permanent.address == "Số 1 Phan Châu Trinh"
    before = await office.view(key, date(2026, 2, 1), known_at=done.tick)
    assert before.permanent.address == "Số 1 Phan Châu Trinh"
    assert moved.events == ("population.person.moved",)

    await office(service.correct_name, key, full_name="Trần Thị Hòa")
    assert (await office.view(key)).name.full_name == "Trần Thị Hòa"
    assert (await office.view(key, known_at=moved.tick)).name.full_name == "Trần Thị Hoà"

    await office(service.die, key, on=PartialDate(2026, 5, 3), place="Tam Kỳ")
    view = await office.view(key)
    assert view.alive_until == date(2026, 5, 3)
    assert view.permanent is None
    assert (await office.view(key, date(2026, 5, 3))).permanent.address == "Số 9"
    with pytest.raises(Conflict) as refused:
        await office(service.move, key, kind=ResidenceKind.PERMANENT, place=place(), since=date(2026, 6, 1))
    assert refused.value.code == "person.dead"
    await office(service.correct_birth, key, values={"origin_unit": ELSEWHERE})
    await office(service.undo_death, key)
    assert (await office.view(key)).permanent.address == "Số 9"
    assert (await office.view(key)).alive_until is None
    await office.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert HERE


async def test_recorded_time_only_grows_whatever_the_clock_says(office, registry):
    """Two acts in one transaction, and a clock set back an hour: each act has an instant of its own, later
    ones later."""
    key = await office.person()
    await office.conn.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        cursor = await admin.execute(
            "UPDATE population.person SET last_recorded = now() + interval '1 hour' WHERE person_key = %s"
            " RETURNING last_recorded",
            (key,),
        )
        ahead = (await cursor.fetchone())[0]
    one = await office(service.correct_name, key, full_name="Trần Thị Một")
    two = await office(service.correct_name, key, full_name="Trần Thị Hai")
    assert one.tick == ahead + timedelta(microseconds=1)
    assert two.tick == ahead + timedelta(microseconds=2)
    assert (await office.view(key, known_at=one.tick)).name.full_name == "Trần Thị Một"


async def test_someone_who_died_before_being_registered(office):
    life = LifeFact(
        source=Source("x"), valid=Valid(date(2026, 3, 1)), status=LifeStatus.DEAD, year=2026, month=3, day=1
    )
    key = await office.person(life=(life,))
    view = await office.view(key)
    assert view.alive_until == date(2026, 3, 1)
    assert view.permanent is None
    assert (await office.view(key, date(2026, 3, 1))).permanent


async def test_what_registration_does_not_take(office):
    other = await office.person()
    spouse = KinFact(source=Source("x"), relation=KinRelation.SPOUSE, relative_key=other)
    for wrong, code in (({"kin": (spouse,)}, "kin.register"), ({"unit": 999_999}, "territory.unit.unknown")):
        with pytest.raises(DancuError) as refused:
            await office.person(**wrong)
        assert refused.value.code == code
    with pytest.raises(Invalid) as unknown:
        await office(service.correct_birth, other, values={"origin_unit": 999_999})
    assert unknown.value.code == "place.unit_unknown"


async def test_an_old_number_is_corrected_and_both_lead_to_the_person(office):
    wrong = NumberFact(source=Source("x"), kind=NumberKind.CMND, number="205000001")
    done = await office(service.register, replace(draft(), numbers=(wrong,)))
    stored = (await office.view(done.person_key)).numbers[0]
    right = replace(stored, number="205000002")
    await office(service.correct_facts, done.person_key, replacements={stored.stored.fact_id: right})
    rows = await gate.keys_of(office.conn, ["205000001", "205000002"])
    assert [(n, s, k) for n, _, s, k in rows] == [
        ("205000001", "replaced", done.person_key), ("205000002", "active", done.person_key),
    ]  # fmt: skip
