"""Demonstration personas cannot be had by accident."""

from __future__ import annotations

import psycopg
import pytest

from dancu.access import service
from dancu.access.service.os_user import operator
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import Conflict, NotAllowed, NotFound

from .conftest import CITIZEN_KEY

PERSONAS = [
    "citizen", "ward_police", "civil_status_clerk", "one_stop_officer", "province_leader", "auditor", "integrator",
    "connection_reviewer", "registrar", "eid_hotline", "one_stop_second", "insurance_officer", "traffic_officer", "health_desk",
    "hospital_cases",
    "national_coordinator", "duty_officer", "admin",
]  # fmt: skip


@pytest.fixture
async def production(make_database):
    """A database that was not made as a demonstration; everything in it is rolled back."""
    database = make_database()
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        await service.sync_catalogue(conn)
        await conn.commit()
    return database


async def test_all_personas_are_there_and_can_be_entered(app, as_persona):
    found = await service.demo_personas(app, demo=True)
    assert [p.code for p in found] == PERSONAS
    for persona in found:
        actor = await as_persona(persona.code)
        assert actor.permissions, persona.code
    citizen = await as_persona("citizen")
    assert (citizen.kind, citizen.actor_id) == (ActorKind.CITIZEN, CITIZEN_KEY)


async def test_the_program_must_be_in_demo_mode(app):
    assert await service.demo_personas(app, demo=False) == []
    with pytest.raises(NotAllowed, match=r"demo\.off"):
        await service.enter_as(app, "ward_police", demo=False)


async def test_a_production_database_refuses_whatever_the_program_says(production):
    async with await psycopg.AsyncConnection.connect(production.dsn("admin")) as conn:
        with pytest.raises(NotAllowed, match=r"demo\.off"):
            await service.seed_demo(conn, citizen_key=1)
        # Even with personas in the table, by whatever mistake.
        await conn.execute("INSERT INTO access.persona VALUES ('auditor', 1, 'citizen', 1, 'x', 'x', 'x', 'x', '/')")
        await conn.commit()
    async with await psycopg.AsyncConnection.connect(production.dsn("app")) as conn:
        assert await service.demo_personas(conn, demo=True) == []
        with pytest.raises(NotAllowed, match=r"demo\.off"):
            await service.enter_as(conn, "auditor", demo=True)
        # And the database itself, where the program's check is gone.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await service.issue_session(conn, ActorKind.CITIZEN, 1, persona="auditor")


@pytest.mark.parametrize("role", ["app", "worker", "import", "verify"])
async def test_no_running_process_can_write_the_mark(production, role):
    for statement in (
        "INSERT INTO kit.setting VALUES ('demo', 'true')",
        "UPDATE kit.setting SET value = 'true', name = 'demo' WHERE name = 'created_at'",
        "CREATE OR REPLACE FUNCTION access.is_demo() RETURNS boolean LANGUAGE sql RETURN true",
    ):
        async with await psycopg.AsyncConnection.connect(production.dsn(role)) as conn:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await conn.execute(statement)


async def test_a_database_in_use_never_becomes_a_demonstration(production):
    async with await psycopg.AsyncConnection.connect(production.dsn("admin")) as conn:
        await service.add_organisation(conn, operator(), "CQ", "Cơ quan", "committee")
        await service.add_staff(conn, operator(), "that.su", "Thật Sự", "CQ")
        with pytest.raises(Conflict, match=r"demo\.not_empty"):
            await service.mark_demo(conn)
        await conn.rollback()
        await service.issue_session(conn, ActorKind.CITIZEN, 1)
        with pytest.raises(Conflict):
            await service.mark_demo(conn)
        await conn.rollback()


async def test_an_unknown_persona(app):
    with pytest.raises(NotFound):
        await service.enter_as(app, "president", demo=True)


async def test_seeding_again_adds_nothing(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        counts = "SELECT (SELECT count(*) FROM access.staff), (SELECT count(*) FROM access.assignment), " \
                 "(SELECT count(*) FROM access.organisation), (SELECT count(*) FROM access.persona)"  # fmt: skip
        before = await (await conn.execute(counts)).fetchone()
        await service.mark_demo(conn)
        await service.seed_demo(conn, citizen_key=CITIZEN_KEY, os_user="tester")
        assert await (await conn.execute(counts)).fetchone() == before
        await conn.rollback()


async def test_personas_have_no_password_to_guess(app, keys):
    from dancu.access.models import SignInState

    out = await service.sign_in(app, keys, login="demo-canhsat", password="", code="", address="10.0.0.1")
    assert out.state is SignInState.REFUSED


async def test_its_staff_can_be_reached_and_what_they_set_stays(app, as_persona):
    from dancu.demo.contacts import seed_contacts

    leader, auditor = await as_persona("province_leader"), await as_persona("auditor")
    await service.set_my_contacts(app, leader, phone="", email="toi@tinh.example")
    await seed_contacts(app)
    assert await service.my_contacts(app, leader) == {"email": "toi@tinh.example"}
    said = await service.my_contacts(app, auditor)
    assert said["email"] == "auditor@congvu.example" and said["sms"].startswith("+84579002")
    await seed_contacts(app)
    assert await service.my_contacts(app, auditor) == said
