"""What assignments amount to, and who may give them: worked out and held by the database itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service
from dancu.access.catalogue import EXCLUSIVE_ROLES, PERMISSIONS, ROLES
from dancu.access.service import evidence
from dancu.access.service.os_user import operator
from dancu.access.store import staff as store
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import Conflict, NotAllowed, NotFound
from dancu.territory.service import gazetteer
from tests.access.conftest import activate, administrator

HERE, THERE, GONE = 13789, 13788, 999_999
DAYS = (date(2023, 4, 1), date(2025, 3, 1), date(2026, 11, 22))


@pytest_asyncio.fixture
async def given(database, demo_db):  # type: ignore[no-untyped-def]
    """Write assignments as the owner of the table and read what they amount to; undone after the test."""
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn, conn.transaction(force_rollback=True):
        today = await store.today(conn)

        async def give(*held: tuple[str, list[int], int, int | None]):  # type: ignore[no-untyped-def]
            await conn.execute("DELETE FROM access.assignment WHERE staff_id = 1")
            for role, units, first, end in held:
                until = today + timedelta(days=end) if end is not None else None
                await store.assign(conn, 1, "DEMO.TX", role, units, today, today + timedelta(days=first), until, head=False, given_by=0)
            await store.refresh_rights(conn, 1)
            return {right.permission: right for right in await store.rights(conn, 1)}, today

        give.conn = conn  # type: ignore[attr-defined]
        yield give


async def test_a_role_gives_exactly_its_permissions_in_its_units(given):
    for role in ROLES:
        rights, _ = await given((role, [HERE], -9, None))
        assert rights.keys() == ROLES[role].permissions
        for right in rights.values():
            assert right.areas == {HERE}
            assert right.national is not PERMISSIONS[right.permission].area_bound
            assert right.until == date.max


async def test_areas_add_up_only_for_the_permissions_that_both_roles_give(given):
    rights, _ = await given(("ward_police", [HERE], -9, None), ("registrar", [THERE], -9, None))
    assert rights["person.read"].areas == {HERE, THERE}
    assert rights["person.write.move"].areas == {HERE}
    assert rights["import.run"].areas == {THERE}
    rights, _ = await given(("ward_police", [GONE], -9, None))
    assert rights and all(not right.areas for right in rights.values()), "a unit nobody knows sees nobody"


async def test_only_assignments_in_force_count_and_rights_end_with_them(given):
    assert (await given(("ward_police", [HERE], -9, 0), ("registrar", [THERE], 1, None)))[0] == {}
    rights, today = await given(("ward_police", [HERE], -9, 1))
    assert rights and {r.until for r in rights.values()} == {today + timedelta(days=1)}
    await given.conn.execute("UPDATE access.staff SET state = 'inactive' WHERE staff_id = 1")
    assert (await given(("ward_police", [HERE], -9, None)))[0] == {}, "who has stopped may do nothing"


async def test_a_role_gone_from_the_catalogue_allows_nothing(given):
    await given.conn.execute("DELETE FROM access.role_permission WHERE role = 'ward_police'")
    assert (await given(("ward_police", [HERE], -9, None)))[0] == {}


@pytest.mark.parametrize("day", DAYS)
async def test_units_live_on_in_the_database_as_in_the_program(given, day):
    """Every province, every third commune and some districts, of all sets, on three days."""
    g = gazetteer()
    await given.conn.execute("SET LOCAL jit = off")
    cursor = await given.conn.execute(
        "SELECT unit_id, ARRAY(SELECT territory.lives_on(unit_id, %s)),"
        "       CASE WHEN unit_id %% 9 = 0 AND valid @> %s::date THEN territory.with_above(unit_id, %s) END"
        "  FROM territory.unit WHERE level = 1 OR level = 3 AND unit_id %% 3 = 0 OR unit_id %% 40 = 0", (day, day, day),
    )  # fmt: skip
    async for unit_id, heirs, above in cursor:
        assert sorted(heirs) == sorted(u.unit_id for u in g.successors(unit_id, day)), unit_id
        if above:
            assert above == [unit_id, *(u.unit_id for u in g.ancestors(unit_id, day))], unit_id


@pytest.mark.parametrize("alone", sorted(EXCLUSIVE_ROLES))
async def test_watchers_hold_one_role_only(app, alone):
    boss = await administrator(app)
    for n, (old, new) in enumerate([(alone, "registrar"), ("registrar", alone)]):
        staff, _ = await service.add_staff(app, boss, f"rieng-{n}", "Riêng", "DEMO.TX")
        made = await service.assign(app, boss, staff.staff_id, old)
        with pytest.raises(Conflict, match=r"assignment\.exclusive"):
            await service.assign(app, boss, staff.staff_id, new)
        await service.end_assignment(app, boss, made)
        await service.assign(app, boss, staff.staff_id, new)


async def test_the_functions_hold_the_rules_whatever_the_program_checks(app, as_persona):
    """Called as a page that forgot every check would."""
    why, day = evidence.administration(), date(2026, 11, 1)
    boss, police = await as_persona("admin"), await as_persona("ward_police")
    other = (await service.staff_by_login(app, "demo-kiemtoan")).staff_id

    async def give(actor, staff_id, org="DEMO.TX", role="registrar", units=(HERE,)):  # type: ignore[no-untyped-def]
        return await store.give(app, actor, why, staff_id, org, role, units, day, day, None, head=False)

    made, _ = await service.add_staff(app, boss, "moi.vao", "Mới Vào", "DEMO.CA.TX")
    near, _ = await service.add_staff(app, boss, "quan.tri", "Quản Trị", "DEMO.CA")
    await service.assign(app, boss, near.staff_id, "admin", unit_ids=[HERE])
    await activate(app, near.staff_id)
    token = await service.issue_session(app, ActorKind.STAFF, near.staff_id, "DEMO.CA")
    reach = await service.sessions.resolve(app, token)
    for actor, args, code in (
        (police, (made.staff_id,), "admin.missing"),  # no administrator
        (replace(boss, session_id="00" * 32), (made.staff_id,), "admin.missing"),  # not their session
        (replace(police, session_id=boss.session_id), (made.staff_id,), "admin.missing"),
        (operator(), (made.staff_id,), "admin.missing"),  # the installation has its administrator
        (boss, (boss.actor_id,), "assignment.oneself"),
        (reach, (other, "DEMO.CA.TX"), "organisation.out_of_reach"),  # their organisation is not below
        (reach, (made.staff_id, "DEMO.TTR"), "organisation.out_of_reach"),
        (reach, (made.staff_id, "DEMO.CA.TX", "registrar", (THERE,)), "units.out_of_reach"),
    ):
        with pytest.raises(NotAllowed) as refused:
            await give(actor, *args)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        await give(boss, 10**9)
    for call in (
        store.deactivate(app, reach, why, other), store.reset(app, reach, why, other, b"x", service.staff.datetime.max),
        store.hire(app, reach, why, "ai.do", "Ai Đó", "DEMO.TTR", None, b"x", service.staff.datetime.max),
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match=r"out_of_reach"):
            await call
    assert await give(reach, made.staff_id, "DEMO.CA.TX") > 0
