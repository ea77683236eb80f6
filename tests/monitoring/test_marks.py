"""Alerts about one's own people and neighbours and about people of other areas; who says whom to look out for."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.monitoring.service import looks_of
from dancu.monitoring.service import marks as service
from dancu.population import service as population
from dancu.population.models import Sex
from tests.kit.races import after_waiting
from tests.monitoring.test_alerts import AUDIT, DAY, admin_does, detected, fresh  # noqa: F401
from tests.monitoring.test_looks import OWN, SIGNER
from tests.monitoring.test_unusual import auditor, clean, happened  # noqa: F401
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

MINE, THEIRS = "049090008801", "049090008802"


async def numbered(registry, key: int, number: str) -> str:  # type: ignore[no-untyped-def]
    await admin_does(registry, "DELETE FROM population.directory WHERE number = %s", number)
    await admin_does(registry, "INSERT INTO population.directory (number, kind, person_key, state) VALUES (%s, 'personal_id', %s, 'active')", number, key)
    return number


async def login_of(registry, staff_id: int) -> str:  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        row = await (await admin.execute("SELECT login FROM access.staff WHERE staff_id = %s", (staff_id,))).fetchone()
    return str(row[0])


async def test_relatives_and_neighbours_of_a_staff_member(app, auditor, police, office, registry):
    me = await office.person("Lê Văn Phước", sex=Sex.MALE)
    wife = await office.person("Trần Thị Hoà")
    await office(population.marry, me, spouse_key=wife, on=date(2026, 1, 8))
    near = [await office.person(f"Nguyễn Văn {letter}", sex=Sex.MALE) for letter in "ABCDE"]
    far = await office.person("Phạm Thị Xa", unit=None)
    await app.commit()
    number = await numbered(registry, me, MINE)
    await service.know_staff(app, auditor, AUDIT, await login_of(registry, police.actor_id), number)
    await app.commit()
    await happened(registry, police.actor_id, [*near[:4], far], DAY)
    assert {"own", "neighbours"}.isdisjoint(await detected(registry, app, auditor)), "four neighbours are a day's work"
    await happened(registry, police.actor_id, [near[4], wife], DAY)
    found = await detected(registry, app, auditor)
    assert found["own"].counted == 1 and len(found["own"].entries) == 1
    assert found["neighbours"].counted == 5, "one's own people are not one's neighbours, who lives elsewhere is neither"
    assert found["own"].org_name.startswith("Công an"), "an organisation by its name"
    await admin_does(registry, "UPDATE monitoring.threshold SET value = 5 WHERE code = 'alert.neighbours.brake'")
    try:
        await happened(registry, police.actor_id, near, DAY)
        assert (await detected(registry, app, auditor))["neighbours"].braked
    finally:
        await admin_does(registry, "UPDATE monitoring.threshold SET value = 40 WHERE code = 'alert.neighbours.brake'")


async def test_brothers_and_sisters_who_live_elsewhere(app, auditor, police, office, registry):
    me, sister, cousin = [await office.person(name, unit=unit) for name, unit in (("Lê Văn Út", None), ("Lê Thị Cả", None), ("Lê Thị Họ", None))]
    mother, aunt = [await office.person(name, unit=None) for name in ("Phan Thị Mẹ", "Phan Thị Dì")]
    await app.commit()
    for child, parent in ((me, mother), (sister, mother), (cousin, aunt)):
        await admin_does(
            registry, "INSERT INTO population.kinship (person_key, relation, relative_key, recorded, source_kind, entry_id)"
            " SELECT %s, 'mother', %s, tstzrange(now(), NULL), 'other', 0", child, parent,
        )  # fmt: skip
    await admin_does(registry, "INSERT INTO monitoring.staff_person VALUES (%s, %s)", me, police.actor_id)
    await happened(registry, police.actor_id, [cousin], DAY)
    assert "own" not in await detected(registry, app, auditor)
    await happened(registry, police.actor_id, [sister], DAY)
    assert (await detected(registry, app, auditor))["own"].counted == 1


async def test_people_of_other_areas(app, auditor, police, office, registry):
    """The ward's own are no strangers; sixty others of nowhere in it are."""
    here = await office.person("Nguyễn Thị Gần")
    await app.commit()
    await admin_does(registry, "UPDATE monitoring.threshold SET value = 2 WHERE code = 'alert.outside'")
    try:
        away = [await office.person(f"Người Xa {letter}") for letter in "AB"]
        await app.commit()
        await admin_does(registry, "UPDATE population.person SET areas = '{-1}' WHERE person_key = ANY (%s)", away)
        await happened(registry, police.actor_id, [here, away[0]], DAY)
        assert "outside" not in await detected(registry, app, auditor)
        await happened(registry, police.actor_id, away, DAY)
        assert (await detected(registry, app, auditor))["outside"].counted == 2
    finally:
        await admin_does(registry, "UPDATE monitoring.threshold SET value = 60 WHERE code = 'alert.outside'")


async def test_protecting_somebody_is_written_down_and_works(app, auditor, police, office, registry):
    key = await office.person("Người Nổi Tiếng")
    await app.commit()
    number = await numbered(registry, key, THEIRS)
    await service.protect(app, auditor, AUDIT, "049 090 008 802", "well_known")
    await app.commit()
    protected, _ = await service.marks(app, auditor, AUDIT)
    assert [(one.ending, one.reason) for one in protected] == [("802", "well_known")], "never the whole number, never the name"
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        said = await (await admin.execute("SELECT note ->> 'verb' FROM audit.pending WHERE subject = %s AND actor_id = %s"
                                          " UNION ALL SELECT note ->> 'verb' FROM audit.content WHERE subject = %s AND actor_id = %s",
                                          (key, auditor.actor_id, key, auditor.actor_id))).fetchall()  # fmt: skip
    assert ("person.protect",) in said, "whoever is marked sees it among those who looked"
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True) as worker:
        await audit.drain(worker, SIGNER)
    about = {one.staff.staff_id for one in (await detected(registry, app, auditor)).values()}
    assert about == {police.actor_id}, "who registered the person is told of; to mark somebody is no look at them"
    citizen = await access.sessions.resolve(app, await access.issue_session(app, ActorKind.CITIZEN, key))
    seen = await looks_of(app, citizen, OWN, key, permission="citizen.self")
    assert any("bảo vệ đặc biệt" in look.did and look.who.startswith("Thanh tra") for look in seen.looks)
    await app.commit()
    await happened(registry, police.actor_id, [key] * 2, DAY)
    assert (await detected(registry, app, auditor))["famous"].counted == 1
    await service.protect(app, auditor, AUDIT, number, "")
    await app.commit()
    assert (await service.marks(app, auditor, AUDIT))[0] == []


async def test_the_same_mark_twice_at_once_stands_once(app, auditor, police, office, registry):
    """A button pressed twice: neither fails."""
    key = await office.person("Người Hai Lần")
    await app.commit()
    number, login = await numbered(registry, key, "049090008803"), await login_of(registry, police.actor_id)
    async with (
        await psycopg.AsyncConnection.connect(registry.dsn("app")) as other, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin,
    ):  # fmt: skip
        await service.protect(app, auditor, AUDIT, number, "well_known")
        await after_waiting(admin, app, other, service.protect(other, auditor, AUDIT, number, "threatened"))
        await other.commit()
        assert [one.reason for one in (await service.marks(app, auditor, AUDIT))[0] if one.ending == "803"] == ["threatened"]
        await service.protect(app, auditor, AUDIT, number, "")
        await app.commit()
        await service.know_staff(app, auditor, AUDIT, login, number)
        await after_waiting(admin, app, other, service.know_staff(other, auditor, AUDIT, login, number))
        await other.commit()
        assert [one.ending for one in (await service.marks(app, auditor, AUDIT))[1]].count("803") == 1


async def test_what_is_wrong_and_who_may_not(app, auditor, police, registry):
    for number, code in (("12", "marks.number"), ("04909000880x", "marks.number"), ("049090009999", "marks.nobody")):
        with pytest.raises(Invalid) as wrong:
            await service.protect(app, auditor, AUDIT, number, "well_known")
        assert wrong.value.code == code and wrong.value.fields[0].field == "number"
    with pytest.raises(Invalid) as wrong:
        await service.protect(app, auditor, AUDIT, THEIRS, "-")
    assert wrong.value.code == "marks.reason"
    with pytest.raises(Invalid) as wrong:
        await service.know_staff(app, auditor, AUDIT, "no-such-login", THEIRS)
    assert wrong.value.fields[0].field == "login"
    with pytest.raises(NotAllowed) as own:
        await service.know_staff(app, auditor, AUDIT, await login_of(registry, auditor.actor_id), THEIRS)
    assert own.value.code == "marks.oneself"
    with pytest.raises(NotAllowed):
        await service.protect(app, police, access.choose_purpose("audit"), THEIRS, "well_known")
    with pytest.raises(NotAllowed):
        await service.marks(app, police, AUDIT)
