"""Administration: only inside one's own tree and area, never for oneself."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service
from dancu.access.service.os_user import operator
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.access.conftest import activate, administrator


@pytest_asyncio.fixture
async def ward_admin(app):
    """An administrator of the police of the province, with the ward Tam Kỳ as area."""
    staff, _ = await service.add_staff(app, await administrator(app), "quan.tri", "Quản Trị", "DEMO.CA")
    await service.assign(app, await administrator(app), staff.staff_id, "admin", unit_ids=[13789])
    await activate(app, staff.staff_id)
    token = await service.issue_session(app, ActorKind.STAFF, staff.staff_id, "DEMO.CA")
    return await service.sessions.resolve(app, token)


async def test_the_tree_below_and_nothing_else(app, ward_admin):
    assert [o.org_code for o in await service.organisations(app, ward_admin)] == ["DEMO.CA", "DEMO.CA.TX", "DEMO.CSGT"]
    made, _ = await service.add_staff(app, ward_admin, "moi.vao", "Mới Vào", "DEMO.CA.TX")
    assert made.login == "moi.vao"
    for org in ("DEMO", "DEMO.TX", "DEMO.TTR"):
        with pytest.raises(NotAllowed, match=r"out_of_reach"):
            await service.add_staff(app, ward_admin, "khong.duoc", "Không Được", org)
    with pytest.raises(NotFound):
        await service.add_staff(app, ward_admin, "khong.co", "Không Có", "NOWHERE")
    with pytest.raises(Invalid, match=r"parent_missing"):
        await service.add_organisation(app, ward_admin, "ROOT", "Gốc", "police")
    auditor = await service.staff_by_login(app, "demo-kiemtoan")
    for verb in (service.deactivate, service.reset, service.staff_view):
        with pytest.raises(NotAllowed, match=r"out_of_reach"):
            await verb(app, ward_admin, auditor.staff_id)


async def test_units_inside_the_own_area(app, ward_admin):
    made, _ = await service.add_staff(app, ward_admin, "moi.vao", "Mới Vào", "DEMO.CA.TX")
    await service.assign(app, ward_admin, made.staff_id, "ward_police", unit_ids=[13789])
    other = service.units_by_codes("00070", date(2026, 1, 1)) or [1]
    with pytest.raises(NotAllowed, match=r"units\.out_of_reach"):
        await service.assign(app, ward_admin, made.staff_id, "registrar", unit_ids=other)
    with pytest.raises(NotAllowed, match=r"units\.out_of_reach"):
        await service.assign(app, ward_admin, made.staff_id, "registrar", unit_ids=service.units_by_codes("48"))


async def test_never_for_oneself(app, ward_admin):
    me = ward_admin.actor_id
    with pytest.raises(NotAllowed, match=r"oneself"):
        await service.assign(app, ward_admin, me, "ward_police", unit_ids=[13789])
    with pytest.raises(Invalid):
        await service.deactivate(app, ward_admin, me)
    with pytest.raises(Invalid):
        await service.reset(app, ward_admin, me)


@pytest.mark.parametrize(
    "persona", ["ward_police", "civil_status_clerk", "one_stop_officer", "province_leader", "auditor", "integrator",
                "registrar", "citizen"]
)  # fmt: skip
async def test_nobody_else_administers(app, as_persona, persona):
    actor = await as_persona(persona)
    with pytest.raises(NotAllowed, match=r"permission\.missing"):
        await service.add_staff(app, actor, "x.y", "X", "DEMO")
    with pytest.raises(NotAllowed, match=r"permission\.missing"):
        await service.add_organisation(app, actor, "X", "X", "police", parent="DEMO")
    with pytest.raises(NotAllowed, match=r"permission\.missing"):
        await service.staff_list(app, actor)


async def test_named_constraints_speak(app):
    me = await administrator(app)
    await service.add_staff(app, me, "An.Nguyen ", "Nguyễn Văn An", "DEMO")
    with pytest.raises(Conflict, match=r"login_taken"):
        await service.add_staff(app, me, "an.nguyen", "Người Khác", "DEMO")
    for login in ("", "có dấu", "a", "-x", "x" * 65):
        with pytest.raises(Invalid, match=r"staff\.login"):
            await service.add_staff(app, me, login, "Ai Đó", "DEMO")
    with pytest.raises(Invalid, match=r"staff\.name"):
        await service.add_staff(app, me, "ai.do", "  ", "DEMO")
    with pytest.raises(Conflict, match=r"organisation\.exists"):
        await service.add_organisation(app, me, "DEMO.TX", "Lại", "police", parent="DEMO")
    with pytest.raises(Invalid, match=r"organisation\.kind"):
        await service.add_organisation(app, me, "DEMO2", "Lại", "circus", parent="DEMO")


async def test_roles_with_validity(app):
    me = await administrator(app)
    staff, _ = await service.add_staff(app, me, "tam.thoi", "Tạm Thời", "DEMO")
    await service.assign(app, me, staff.staff_id, "ward_police", unit_ids=[13789], valid_from=date(2030, 1, 1))
    assert await service.rights_of(app, staff.staff_id) == []
    with pytest.raises(Conflict, match=r"assignment\.overlap"):
        await service.assign(app, me, staff.staff_id, "ward_police", valid_from=date(2031, 1, 1))
    with pytest.raises(Conflict, match=r"assignment\.exclusive"):
        await service.assign(app, me, staff.staff_id, "auditor")
    made = await service.assign(app, me, staff.staff_id, "registrar", unit_ids=[13789], valid_to=date(2029, 1, 1))
    rights = await service.rights_of(app, staff.staff_id)
    assert {r.until for r in rights} == {date(2029, 1, 1)}
    await service.end_assignment(app, me, made)
    assert await service.rights_of(app, staff.staff_id) == []
    with pytest.raises(NotFound):
        await service.end_assignment(app, me, 10**9)


async def test_a_unit_must_have_existed_on_the_day(app):
    staff, _ = await service.add_staff(app, await administrator(app), "dia.ban", "Địa Bàn", "DEMO")
    with pytest.raises(Invalid, match=r"units\.not_then"):
        await service.assign(
            app, await administrator(app), staff.staff_id, "ward_police", unit_ids=[13789], units_as_of=date(2023, 4, 1)
        )
    with pytest.raises(Invalid, match=r"units\.unknown"):
        service.units_by_codes("99999")


async def test_the_operator_makes_the_first_administrator_and_no_second(make_database):
    database = make_database()
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        await service.sync_catalogue(conn)
        await conn.commit()
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
        async with conn.transaction():
            first = await service.actor_for_operator(conn, "root")
            assert first.kind is ActorKind.SYSTEM
            await service.add_organisation(conn, first, "H47", "UBND tỉnh", "committee")
            staff, _ = await service.add_staff(conn, first, "dau.tien", "Đầu Tiên", "H47")
            await service.assign(conn, first, staff.staff_id, "admin")
            with pytest.raises(NotAllowed, match=r"os_user\.unmapped"):
                await service.actor_for_operator(conn, "root")


async def test_changes_are_evidence(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        async with conn.transaction(force_rollback=True):
            await conn.execute("DELETE FROM audit.pending")
            me = operator()
            await service.add_organisation(conn, me, "MOI", "Cơ quan mới", "police", parent="DEMO")
            staff, _ = await service.add_staff(conn, me, "ghi.lai", "Ghi Lại", "MOI")
            made = await service.assign(conn, me, staff.staff_id, "ward_police", unit_ids=[13789])
            await service.end_assignment(conn, me, made)
            await service.reset(conn, me, staff.staff_id)
            await service.deactivate(conn, me, staff.staff_id)
            await service.close_organisation(conn, me, "MOI")
            with pytest.raises(Invalid, match=r"organisation\.closed"):
                await service.add_staff(conn, me, "qua.muon", "Quá Muộn", "MOI")
            cursor = await conn.execute("SELECT note->>'verb', note::text FROM audit.pending ORDER BY entry_id")
            rows = await cursor.fetchall()
    assert [verb for verb, _ in rows] == [
        "access.organisation.add", "access.staff.add", "access.assign", "access.assignment.end", "access.staff.reset",
        "access.staff.deactivate", "access.organisation.close",
    ]  # fmt: skip
    assert not any("Ghi Lại" in note or "ghi.lai" in note for _, note in rows), "ids and codes, no names"


async def test_when_units_change_the_job_moves_the_rights(database, demo_db):
    """As if the ward had been merged away overnight: the worker recomputes and the old area is gone."""
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn, conn.transaction(force_rollback=True):
        police = "SELECT staff_id FROM access.staff WHERE login = 'demo-canhsat'"
        (ward,) = await (await conn.execute(f"SELECT areas[1] FROM access.staff_right WHERE permission = 'person.read' AND staff_id = ({police})")).fetchone()
        (heir,) = await (await conn.execute("SELECT unit_id FROM territory.unit WHERE level = 3 AND upper_inf(valid) AND unit_id <> %s LIMIT 1", (ward,))).fetchone()
        await conn.execute("UPDATE territory.unit SET valid = daterange(lower(valid), access.today()) WHERE unit_id = %s", (ward,))
        await conn.execute("INSERT INTO territory.succession VALUES (%s, %s, 'whole', access.today(), true, 'test')", (ward, heir))
        await conn.execute("SET LOCAL ROLE dancu_worker")
        assert await service.recompute_all(conn) > 0
        cursor = await conn.execute(f"SELECT DISTINCT areas FROM access.staff_right WHERE permission = 'person.read' AND staff_id = ({police})")
        assert await cursor.fetchall() == [([heir],)]
        assert await service.recompute_all(conn) == 0
