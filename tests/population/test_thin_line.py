"""From registration to death, with evidence and news on the way."""

from __future__ import annotations

from datetime import date

import pytest

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict
from dancu.population import service
from dancu.population.models import ResidenceKind

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
