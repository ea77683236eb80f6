"""The functions the gate asks: a generated matrix of roles × permissions × purposes × areas, mostly denials, against
what the catalogue says, computed here in another way."""

from __future__ import annotations

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service
from dancu.access.catalogue import LAWS, PERMISSIONS, PURPOSES, ROLES
from dancu.kernel.actor import ActorKind
from dancu.kernel.clock import SystemClock
from tests.access.conftest import administrator

AREAS = {"here": 13789, "elsewhere": 13790}


async def right(conn, actor_id, session: bytes, permission: str):
    cursor = await conn.execute(
        "SELECT * FROM access.right_of(%s::bigint, %s::bytea, %s)", (actor_id, session, permission)
    )
    return await cursor.fetchone()


@pytest_asyncio.fixture
async def one_of_each(app):
    """A staff member per role over ward 'here' (given as of today), each with a session: role -> (id, hash)."""
    made = {}
    for role in ROLES:
        staff, _ = await service.add_staff(app, await administrator(app), f"m-{role.replace('_', '-')}", role, "DEMO.TX")
        await service.assign(app, await administrator(app), staff.staff_id, role, unit_ids=[AREAS["here"]])
        token = await service.issue_session(app, ActorKind.STAFF, staff.staff_id, "DEMO.TX")
        made[role] = (staff.staff_id, service.sessions.hash_of(token))
    return made


async def test_role_by_permission_by_purpose_by_area(app, one_of_each):
    """The same AND the gate makes: right, purpose, area. Over 20,000 combinations."""
    asked = denied = 0
    today = SystemClock().today()
    ok_purposes: dict[tuple[str, str, str], bool] = {}
    for purpose in PURPOSES:
        for basis in LAWS:
            for permission in PERMISSIONS:
                cursor = await app.execute(
                    "SELECT access.purpose_ok(%s, %s, access.today(), %s)", (purpose, basis, permission)
                )
                said = (await cursor.fetchone())[0]
                known = PURPOSES[purpose]
                expected = basis in known.bases and LAWS[basis].holds(today) and permission in known.permissions
                assert said is expected, (purpose, basis, permission)
                ok_purposes[purpose, basis, permission] = said
    for role, (staff_id, session) in one_of_each.items():
        for permission in PERMISSIONS:
            ok, national, areas = await right(app, staff_id, session, permission)
            holds = permission in ROLES[role].permissions
            assert ok is holds, (role, permission)
            assert national is (holds and not PERMISSIONS[permission].area_bound), (role, permission)
            assert areas == ([AREAS["here"]] if holds else []), (role, permission)
            for place, unit in AREAS.items():
                for (purpose, basis, serves), served in ok_purposes.items():
                    if serves != permission:
                        continue
                    passes = ok and served and (national or unit in areas)
                    asked += 1
                    denied += not passes
                    assert passes is (
                        holds and served and (place == "here" or not PERMISSIONS[permission].area_bound)
                    ), (role, permission, purpose, basis, place)
    assert asked > 90_000
    assert denied > asked * 0.95


async def test_another_persons_session_is_no_session(app, one_of_each):
    police, clerk = one_of_each["ward_police"], one_of_each["civil_status_clerk"]
    assert (await right(app, *police, "person.read"))[0] is True
    assert (await right(app, police[0], clerk[1], "person.read"))[0] is False
    assert (await right(app, clerk[0], police[1], "person.read"))[0] is False
    assert (await right(app, police[0], b"\0" * 32, "person.read"))[0] is False
    assert (await right(app, None, police[1], "person.read"))[0] is False
    assert (await right(app, police[0], None, "person.read"))[0] is False


@pytest.mark.parametrize(
    "ending",
    [
        "revoked_at = now()",
        "expires_at = now()",
        "last_seen = now() - interval '31 minutes'",
        "stage = 'enrol'",
        "actor_kind = 'citizen'",
    ],
)
async def test_a_session_that_is_over_gives_nothing(database, demo_db, ending):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        token = await service.issue_session(conn, ActorKind.STAFF, 1, "DEMO")
        session = service.sessions.hash_of(token)
        assert (await right(conn, 1, session, "person.read"))[0] is True
        await conn.execute(f"UPDATE access.session SET {ending} WHERE token_hash = %s", (session,))
        assert await right(conn, 1, session, "person.read") == (False, False, [])
        await conn.rollback()


async def test_a_right_ends_on_its_day_even_if_nothing_recomputes_it(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        token = await service.issue_session(conn, ActorKind.STAFF, 1, "DEMO")
        await conn.execute("UPDATE access.staff_right SET until = access.today() WHERE staff_id = 1")
        assert (await right(conn, 1, service.sessions.hash_of(token), "person.read"))[0] is False
        await conn.rollback()


async def test_a_citizen_is_no_staff_and_only_themselves(app):
    token = await service.issue_session(app, ActorKind.CITIZEN, 1)
    session = service.sessions.hash_of(token)
    assert (await right(app, 1, session, "person.read"))[0] is False

    async def self_of(key: int) -> bool:
        cursor = await app.execute("SELECT access.self_of(%s::bigint, %s::bytea)", (key, session))
        return (await cursor.fetchone())[0]

    assert await self_of(1) is True
    assert await self_of(2) is False


async def test_a_basis_may_name_its_article_but_not_be_another_law(app):
    async def ok(basis: str) -> bool:
        cursor = await app.execute(
            "SELECT access.purpose_ok('residence_management', %s, access.today(), 'person.read')", (basis,)
        )
        return (await cursor.fetchone())[0]

    assert await ok("68/2020/QH14")
    assert await ok("68/2020/QH14 Điều 22")
    for wrong in ("68/2020/QH141", "68/2020", "", "60/2014/QH13", "%", "59/2014/QH13"):
        assert not await ok(wrong), wrong
    assert not await ok(None)


async def test_jurisdiction_given_in_2023_reaches_todays_unit_and_not_the_province(app, as_persona):
    """Trường Xuân of 2023 lives on in the ward Tam Kỳ of today; the province above it must not open."""
    actor = await as_persona("ward_police")
    _, national, areas = await right(app, actor.actor_id, bytes.fromhex(actor.session_id), "person.read")
    assert (national, areas) == (False, [13789])
    assert [service.unit_name(u) for u in areas] == ["Phường Tam Kỳ, Thành phố Đà Nẵng"]
    leader = await as_persona("province_leader")
    _, _, areas = await right(app, leader.actor_id, bytes.fromhex(leader.session_id), "dashboard.read")
    assert [service.unit_name(u) for u in areas] == ["Thành phố Đà Nẵng"]


async def test_a_split_unit_and_a_district_reach_every_part_of_today(app):
    from datetime import date

    from dancu.territory.service import gazetteer

    day, today = date(2023, 4, 1), SystemClock().today()
    split = next(u for u in gazetteer().all_on(day, 3) if len(gazetteer().successors(u.unit_id, today)) > 1)
    district = next(u for u in gazetteer().all_on(day, 2) if u.name == "Tam Kỳ")
    for unit in (split, district):
        staff, _ = await service.add_staff(app, await administrator(app), f"unit-{unit.unit_id}", "Thử", "DEMO.TX")
        await service.assign(app, await administrator(app), staff.staff_id, "ward_police", unit_ids=[unit.unit_id], units_as_of=day)
        rights = {r.permission: r for r in await service.rights_of(app, staff.staff_id)}
        parts = {u.unit_id for u in gazetteer().successors(unit.unit_id, today)}
        assert rights["person.read"].areas == parts
        assert len(parts) > 1
        assert all(gazetteer().unit(u).level == 3 for u in parts)
