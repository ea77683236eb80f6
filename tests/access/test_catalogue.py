"""The catalogue agrees with itself, and the database's copy with it."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from dancu.access import service
from dancu.access.catalogue import EXCLUSIVE_ROLES, LAWS, PERMISSIONS, PURPOSES, ROLES, rules
from dancu.access.catalogue.choosing import choose_purpose, purposes
from dancu.access.models import Certainty
from dancu.kernel.errors import Invalid


def test_every_code_named_exists():
    for role in ROLES.values():
        assert role.permissions <= PERMISSIONS.keys(), role.code
    for purpose in PURPOSES.values():
        assert set(purpose.permissions) <= PERMISSIONS.keys(), purpose.code
        assert set(purpose.bases) <= LAWS.keys(), purpose.code
    assert ROLES.keys() >= EXCLUSIVE_ROLES


def test_every_permission_can_be_used():
    """A permission that no purpose serves could never pass the gate."""
    served = {permission for purpose in PURPOSES.values() for permission in purpose.permissions}
    assert PERMISSIONS.keys() - served == set()
    given = {permission for role in ROLES.values() for permission in role.permissions}
    assert PERMISSIONS.keys() - given == {"citizen.self", "person.release", "person.supply"}  # sessions of citizens; programs


def test_who_watches_does_not_touch():
    for code in EXCLUSIVE_ROLES:
        assert not any(p.startswith(("person.", "import.")) for p in ROLES[code].permissions), code
    assert not ROLES["data_protection_officer"].permissions & {"audit.read"}
    assert not ROLES["auditor"].permissions & {"audit.erase", "access.admin"}


def test_no_look_up_beyond_the_area_may_write():
    nationwide = [role for role in ROLES.values() if "person.read.national" in role.permissions]
    assert nationwide
    for role in nationwide:
        assert not any(p.startswith(("person.write.", "person.merge")) for p in role.permissions), role.code


def test_laws_change_with_the_day():
    assert LAWS["59/2014/QH13"].holds(date(2024, 6, 30))
    assert not LAWS["59/2014/QH13"].holds(date(2024, 7, 1))
    assert LAWS["26/2023/QH15"].holds(date(2024, 7, 1))
    assert not LAWS["91/2025/QH15"].holds(date(2025, 12, 31))
    assert all(law.certainty is not Certainty.VERIFIED for law in LAWS.values())
    for rule in rules():
        assert rule.valid_to is None or rule.valid_from < rule.valid_to


def test_purposes_of_a_day():
    in_2023 = {p.code: [law.code for law in bases] for p, bases in purposes(date(2023, 4, 1))}
    assert in_2023["identity_check"] == ["59/2014/QH13", "104/2022/NĐ-CP"]
    today = {p.code: [law.code for law in bases] for p, bases in purposes()}
    assert "59/2014/QH13" not in today["identity_check"]
    assert [p.code for p, _ in purposes(serving=["person.write.marry"])] == ["civil_status"]


def test_choosing_a_purpose():
    assert choose_purpose("residence_management").legal_basis == "68/2020/QH14"
    assert choose_purpose("residence_management", "68/2020/QH14  Điều 22").legal_basis == "68/2020/QH14 Điều 22"
    with pytest.raises(Invalid, match=r"purpose\.unknown"):
        choose_purpose("curiosity")
    for basis in ("60/2014/QH13", "68/2020/QH140", "59/2014/QH13"):
        with pytest.raises(Invalid, match=r"purpose\.basis"):
            choose_purpose("residence_management", basis)


async def test_the_copy_in_the_database_is_the_catalogue(app):
    stored = await (await app.execute("SELECT purpose, permission, basis FROM access.purpose_rule")).fetchall()
    assert set(stored) == {(r.purpose, r.permission, r.basis) for r in rules()}
    stored = await (await app.execute("SELECT role, permission FROM access.role_permission")).fetchall()
    assert set(stored) == {(role.code, p) for role in ROLES.values() for p in role.permissions}


async def test_synchronising_again_changes_nothing(demo_db, database):
    import psycopg

    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        before = await (await conn.execute("SELECT * FROM access.staff_right ORDER BY 1, 2")).fetchall()
        assert before
        await service.sync_catalogue(conn)
        assert await (await conn.execute("SELECT * FROM access.staff_right ORDER BY 1, 2")).fetchall() == before
        await conn.rollback()


async def test_two_programs_that_start_at_once_write_one_after_the_other(demo_db, database, monkeypatch):
    """An application and a dialect over a database that was just brought up to date."""
    import psycopg

    from dancu.cli.operate import catalogues

    async def loaded(conn):
        return False

    monkeypatch.setattr("dancu.territory.service.load", loaded)  # as where the units are there already: it has a lock of its own
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as first, await psycopg.AsyncConnection.connect(database.dsn("admin")) as second:
        await catalogues(first)
        waiting = asyncio.create_task(catalogues(second))
        async with await psycopg.AsyncConnection.connect(database.dsn("admin"), autocommit=True) as third:
            asked = "SELECT locktype FROM pg_locks WHERE pid = %s AND NOT granted"
            while not (kind := await (await third.execute(asked, (second.info.backend_pid,))).fetchone()):
                assert not waiting.done()
        assert kind == ("advisory",), "before anything of the catalogue was touched"
        await first.commit()
        await waiting
        await second.rollback()


def test_every_permission_about_a_person_is_bound_to_an_area():
    """Nationwide by accident would open every record to its holder. The exceptions: looking up nationwide, and what
    programs do (a comparison gives no data out; a release rests on consent or agreement; a supply brings data in)."""
    anywhere = {code for code, p in PERMISSIONS.items() if code.startswith("person.") and not p.area_bound}
    assert anywhere == {"person.read.national", "person.verify", "person.release", "person.supply"}
