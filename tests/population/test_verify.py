"""Comparing declarations with the registry: an answer per field, one entry, nothing else opened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dancu.kernel.actor import SYSTEM, Actor, ActorKind, Purpose
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.population.service import look, verify
from dancu.population.service.verify import Agreement, compare_birth, compare_name

EID = Purpose("eid_account", "69/2024/NĐ-CP")
ONLINE = Purpose("online_service", "69/2024/NĐ-CP")


@pytest.mark.parametrize(
    ("declared", "registered", "word"),
    [
        ("Trần Thị Hoà", "Trần Thị Hòa", "yes"),
        ("TRẦN THỊ HÒA", "Trần Thị Hòa", "yes"),
        ("Tran Thi Hoa", "Trần Thị Hòa", "close"),
        ("Hòa Trần Thị", "Trần Thị Hòa", "close"),
        ("Trần Thị Hoa", "Trần Thị Hòa", "close"),
        ("Trần Thị Hào", "Trần Thị Hòa", "close"),
        ("Nguyễn Văn Nam", "Trần Thị Hòa", "no"),
    ],
)
def test_names(declared: str, registered: str, word: str) -> None:
    assert compare_name(declared, registered) == word


@pytest.mark.parametrize(
    ("declared", "registered", "word"),
    [
        ("1990-04-12", PartialDate(1990, 4, 12), "yes"),
        ("1990", PartialDate(1990), "yes"),
        ("1990-04-12", PartialDate(1990), "close"),
        ("1990", PartialDate(1990, 4, 12), "close"),
        ("1990-12-04", PartialDate(1990, 4, 12), "close"),
        ("1991-04-12", PartialDate(1990, 4, 12), "no"),
    ],
)
def test_births(declared: str, registered: PartialDate, word: str) -> None:
    assert compare_birth(declared, registered) == word


async def test_an_answer_per_field_and_one_entry(office, app):
    number = "049190012345"
    key = await office.person(name="Trần Thị Hòa", number=number)
    await app.commit()
    me = replace(SYSTEM, request_id="v-1")
    said = await verify.verify(app, me, EID, number, {"name": "Tran Thi Hoa", "phone": "0900000000"})
    assert (said.found, said.person_key, said.alive) == (True, key, True)
    assert said.fields == {"name": Agreement.CLOSE, "phone": Agreement.UNKNOWN}
    assert not said.agrees
    rows = await (await app.execute("SELECT population.subjects()")).fetchone()
    assert rows[0] == [key]


async def test_an_unknown_number_is_an_answer_that_leaves_a_trace(office, app, registry):
    import psycopg

    me = replace(SYSTEM, request_id="v-2")
    said = await verify.verify(app, me, EID, "049099999999", {"name": "Ai Đó"})
    assert not said.found and said.person_key == 0
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        row = await (await admin.execute("SELECT action, subject FROM audit.pending WHERE request_id = 'v-2'")).fetchone()
    assert row == ("denied", None)
    with pytest.raises(Invalid):
        await verify.verify(app, me, EID, "12", {})


async def test_a_program_may_compare_and_receive_but_never_read_as_a_desk_does(office, app):
    key = await office.person()
    client = Actor(ActorKind.CLIENT, 5, "EVN", request_id="v-3")
    view = await verify.release(app, client, ONLINE, key, ("name", "birth"))
    assert view.person_key == key
    (seen,) = await look(app, client, ONLINE, [key], ("name",), "person.read")
    assert seen.word == "no_permission"
    with pytest.raises(NotAllowed):
        await verify.release(app, client, Purpose("own_record", "91/2025/QH15"), key, ("name",))
