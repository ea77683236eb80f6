"""Patterns become alerts, the gravest hold the reading, an auditor decides."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from dancu import worker
from dancu.access import service as access
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotAllowed
from dancu.kernel.workdays import holidays
from dancu.kit.web.access import HELD
from dancu.monitoring.service import alerts as service
from dancu.population.service.look import look
from tests.monitoring.test_unusual import auditor, clean, happened  # noqa: F401
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

AUDIT = access.choose_purpose("audit")
#: A Wednesday, 10:00 in Vietnam.
DAY = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def fresh(registry):  # type: ignore[no-untyped-def]
    yield
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("DELETE FROM monitoring.alert")
        await admin.execute("DELETE FROM access.brake")
        await admin.execute("DELETE FROM monitoring.protected_person")
        await admin.execute("DELETE FROM monitoring.staff_person")
        await admin.execute("UPDATE monitoring.watched SET idx = -1")


async def detected(registry, app, auditor):  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True) as worker:
        while await service.detect(worker):
            pass
    return {one.rule: one for one in await service.alerts(app, auditor, AUDIT, only_open=True)}


async def admin_does(registry, sql, *values):  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute(sql, values)


async def test_honest_work_raises_nothing(app, auditor, police, registry):
    await happened(registry, police.actor_id, range(1000, 1030), DAY)
    assert await detected(registry, app, auditor) == {}


async def test_a_burst_is_one_alert_that_grows(app, auditor, police, registry):
    await happened(registry, police.actor_id, range(1000, 1070), DAY)
    first = (await detected(registry, app, auditor))["burst"]
    assert (first.counted, first.staff.staff_id, first.braked, len(first.entries)) == (70, police.actor_id, False, 50)
    read = await service.entries(app, auditor, AUDIT, first)
    assert [one.access.entry_id for one in read] == sorted(first.entries) and {one.access.purpose for one in read} == {"identity_check"}
    assert await service.entries(app, police, AUDIT, first) == [], "the log is for who may read it"
    await happened(registry, police.actor_id, range(1070, 1090), DAY + timedelta(minutes=2))
    second = (await detected(registry, app, auditor))["burst"]
    assert second.alert_id == first.alert_id and second.counted == 90


async def test_night_and_no_case(app, auditor, police, registry):
    await happened(registry, police.actor_id, range(1000, 1045), DAY + timedelta(hours=14))
    found = await detected(registry, app, auditor)
    assert found["night"].counted == 45 and found["no_case"].counted == 45


async def test_weekends_and_public_holidays(app, auditor, police, registry):
    today = SYSTEM_CLOCK.today()
    holiday = holidays(today - timedelta(days=390), today)[-1]
    sunday = datetime(2026, 3, 8, 3, 0, tzinfo=UTC)
    ordinary = datetime(2026, 3, 9, 17, 30, tzinfo=UTC)  # Tuesday, half past midnight in Vietnam
    for at, day_off in ((sunday, True), (datetime(holiday.year, holiday.month, holiday.day, 3, tzinfo=UTC), True), (ordinary, False)):
        await happened(registry, police.actor_id, range(1000, 1059), at)
        assert "free_day" not in await detected(registry, app, auditor), at
        await happened(registry, police.actor_id, range(1059, 1062), at)
        found = await detected(registry, app, auditor)
        assert ("free_day" in found) is day_off, at
        assert not day_off or (found["free_day"].counted == 62 and not found["free_day"].braked)
        for sql in ("DELETE FROM monitoring.alert", "DELETE FROM audit.content WHERE entry_id < 0", "UPDATE monitoring.watched SET idx = -1"):
            await admin_does(registry, sql)


async def test_an_import_run_is_no_officer_who_looks(app, auditor, police, registry):
    """Only what a run of this person says of itself: a note alone, another's run or a screen count as ever."""
    await admin_does(
        registry, "INSERT INTO population.import_run (file_hash, profile, profile_hash, file_name, actor_kind, actor_id, org_code, purpose, legal_basis)"
        " VALUES (sha256('a'), 'p', sha256('p'), 'a.csv', 'staff', %s, 'DEMO.CA.TX', 'import', '26/2023/QH15')", police.actor_id,
    )  # fmt: skip
    mark = "UPDATE audit.content SET purpose = 'import', channel = %s, note = jsonb_build_object('verb', 'import', 'ref', 'import_run ' || (SELECT max(run_id) + %s FROM population.import_run)) WHERE entry_id < 0"
    await admin_does(registry, "INSERT INTO monitoring.protected_person VALUES (1003, 'well_known')")
    for channel, further, is_job in (("cli", 0, True), ("cli", 1, False), ("web", 0, False)):
        await happened(registry, police.actor_id, range(1000, 1070), DAY)
        await admin_does(registry, mark, channel, further)
        found = await detected(registry, app, auditor)
        assert ("burst" not in found) is is_job, (channel, further)
        assert found["famous"].counted == 1, "whom it touched is told all the same"
        for sql in ("DELETE FROM monitoring.alert", "DELETE FROM audit.content WHERE entry_id < 0", "UPDATE monitoring.watched SET idx = -1"):
            await admin_does(registry, sql)
    await admin_does(registry, "DELETE FROM population.import_run")


async def test_numbers_in_a_row(app, auditor, police, registry):
    for n in range(8):
        await admin_does(
            registry, "INSERT INTO population.directory (number, kind, person_key, state) VALUES (%s, 'personal_id', %s, 'active')"
            " ON CONFLICT DO NOTHING", f"04909000700{n}", 900_000 + n,
        )  # fmt: skip
    await happened(registry, police.actor_id, range(900_000, 900_005), DAY)
    assert "sequence" not in await detected(registry, app, auditor)
    await happened(registry, police.actor_id, range(900_005, 900_008), DAY + timedelta(minutes=9))
    assert (await detected(registry, app, auditor))["sequence"].counted == 8


async def test_protected_people_and_ones_own(app, auditor, police, registry):
    await admin_does(registry, "INSERT INTO monitoring.protected_person VALUES (5000, 'well_known')")
    await admin_does(registry, "INSERT INTO monitoring.staff_person VALUES (5001, %s)", police.actor_id)
    await happened(registry, police.actor_id, [5000, 5001], DAY)
    found = await detected(registry, app, auditor)
    assert found["famous"].counted == 1 and found["own"].counted == 1


async def test_the_gravest_hold_the_reading_until_somebody_decides(app, auditor, police, office, registry):
    why = access.choose_purpose("residence_management")
    (before,) = await look(app, police, why, [1])
    await app.commit()
    assert before.word != "no_permission"
    await happened(registry, police.actor_id, range(1000, 1320), DAY)
    found = (await detected(registry, app, auditor))["burst"]
    assert found.braked
    (held,) = await look(app, police, why, [1])
    await app.commit()
    assert held.word == "no_permission"
    with pytest.raises(Invalid):
        await service.decide(app, auditor, AUDIT, found.alert_id, service.State.JUSTIFIED, "ok")
    for one in (await service.alerts(app, auditor, AUDIT, only_open=True)):
        await service.decide(app, auditor, AUDIT, one.alert_id, service.State.JUSTIFIED, "Đợt rà soát theo kế hoạch 12/KH.")
    await app.commit()
    (after,) = await look(app, police, why, [1])
    await app.commit()
    assert after.word == before.word
    with pytest.raises(Conflict):
        await service.decide(app, auditor, AUDIT, found.alert_id, service.State.CONFIRMED, "Một lần nữa, không được.")
    await app.rollback()
    assert await detected(registry, app, auditor) == {}, "what was decided counts no more"


async def tried(registry, staff_id, misses, met, at, channel="web"):  # type: ignore[no-untyped-def]
    """An officer tries numbers in no order: so many are nobody's, so many somebody's."""
    await happened(registry, staff_id, [None] * misses, at, "denied")
    await admin_does(registry, """UPDATE audit.content SET note = '{"verdict": "not_found"}' WHERE entry_id < 0 AND subject IS NULL""")
    await happened(registry, staff_id, range(2000, 2000 + met), at + timedelta(minutes=5))
    await admin_does(registry, "UPDATE audit.content SET channel = %s WHERE entry_id < 0", channel)


async def test_numbers_in_no_order_that_are_mostly_nobodys(app, auditor, police, registry):
    await tried(registry, police.actor_id, 19, 0, DAY)
    assert "misses" not in await detected(registry, app, auditor)
    await tried(registry, police.actor_id, 1, 20, DAY + timedelta(minutes=10))
    found = (await detected(registry, app, auditor))["misses"]
    assert (found.counted, found.braked, len(found.entries)) == (20, False, 20), "as many nobody's as somebody's"
    read = await service.entries(app, auditor, AUDIT, found)
    assert len(read) == 20 and all(one.access.action == "denied" for one in read)
    await tried(registry, police.actor_id, 20, 0, DAY + timedelta(minutes=20), "api")
    assert (await detected(registry, app, auditor))["misses"].braked, "also a program that works for the officer"


async def test_a_busy_counter_mistypes_and_raises_nothing(app, auditor, police, registry):
    """Eight hours, ten people an hour, each fourth number mistyped once, each tenth twice; some names fit nobody."""
    for hour in range(8):
        at = DAY - timedelta(hours=2) + timedelta(hours=hour)
        await happened(registry, police.actor_id, range(hour * 10, hour * 10 + 10), at)
        await happened(registry, police.actor_id, [None] * 4, at + timedelta(minutes=1), "denied")
        await admin_does(registry, """UPDATE audit.content SET case_ref = 'H47.16-260304-0001', note = CASE WHEN action = 'denied' THEN '{"verdict": "not_found"}'::jsonb END
                                      WHERE entry_id < 0""")
        assert await detected(registry, app, auditor) == {}, hour
    await happened(registry, police.actor_id, [None] * 60, DAY + timedelta(hours=7), "denied")
    await admin_does(registry, """UPDATE audit.content SET note = '{"verdict": "not_found", "by": "name"}' WHERE entry_id < 0 AND action = 'denied' AND note IS NULL""")
    assert await detected(registry, app, auditor) == {}


async def test_a_hold_reaches_every_desk_and_does_not_say_who_exists(app, auditor, clerk, office, registry):
    """Nothing of citizens, by whatever permission, and the session says so before anybody is looked for."""
    token = await access.sessions.issue_session(app, clerk.kind, clerk.actor_id, clerk.org_code)
    free = (await access.sessions.resolve(app, token)).permissions
    await app.commit()
    await admin_does(registry, "INSERT INTO access.brake (staff_id, until) VALUES (%s, now() + interval '1 hour')", clerk.actor_id)
    held = (await access.sessions.resolve(app, token)).permissions
    citizens = ("person.", "residence.", "paper.", "document.", "eid.", "case.", "import.", "break_glass")
    assert held == {one for one in free if not one.startswith(citizens)} | {HELD} and free > held - {HELD}
    for right in ("person.read", "residence.prove", "case.answer", "eid.enrol"):
        await admin_does(registry, "INSERT INTO access.staff_right (staff_id, permission, \"national\", areas, until) VALUES (%s, %s, true, '{}', 'infinity') ON CONFLICT DO NOTHING", clerk.actor_id, right)
        cursor = await app.execute("SELECT ok FROM access.right_of(%s::bigint, %s::bytea, %s)", (clerk.actor_id, access.sessions.hash_of(token), right))
        assert await cursor.fetchone() == (False,), right
    await app.commit()


async def test_only_who_may_sees_alerts(app, police, registry):
    with pytest.raises(NotAllowed):
        await service.alerts(app, police, AUDIT)


async def test_a_program_is_told_on_but_not_stopped(app, auditor, police, registry):
    """Looks through the API or the command line raise the alert; only looks at a screen hold the reading."""
    await happened(registry, police.actor_id, range(1000, 1400), DAY)
    await admin_does(registry, "UPDATE audit.content SET channel = 'api' WHERE entry_id < 0")
    found = (await detected(registry, app, auditor))["burst"]
    assert found.counted == 400 and not found.braked


async def test_the_search_for_patterns_begins_as_soon_as_there_is_more_in_the_log(monkeypatch):
    """Who is to be held reads on until then; a quiet log is looked at now and then."""
    stop, sequenced, looked = asyncio.Event(), asyncio.Event(), asyncio.Queue()

    class Connection:
        async def close(self) -> None: ...

    async def opened(*_: object, **__: object) -> Connection:
        return Connection()

    async def detect(conn: object) -> int:
        looked.put_nowait(sequenced.is_set())
        return 0

    monkeypatch.setattr(worker, "open_connection", opened)
    monkeypatch.setattr(worker, "_DETECT_SECONDS", 3600.0)
    weighed = []

    async def weigh(conn: object) -> None:
        weighed.append(conn)

    monkeypatch.setattr(service, "detect", detect)
    monkeypatch.setattr(service, "weigh_programs", weigh)
    monkeypatch.setattr(worker, "_WEIGH_SECONDS", (3600.0, 3600.0))
    task = asyncio.create_task(worker._detect(stop, sequenced))
    assert await asyncio.wait_for(looked.get(), 10) is False
    for _ in range(3):
        sequenced.set()
        assert await asyncio.wait_for(looked.get(), 10) is False, "what comes while it looks is looked at next"
    assert len(weighed) == 1, "programs are weighed at a pace of their own"
    stop.set()
    await asyncio.wait_for(task, 10)
