"""What nobody did in time is passed up once, stands on top of the list and is counted for who answers for the area."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.accounts.models.level2 import VisitState
from dancu.accounts.service import deadlines, locks, upkeep, visit, visit_decision
from dancu.accounts.store import level2 as visit_store
from dancu.kernel.actor import Purpose
from dancu.territory import service as territory
from tests.accounts import enrolment
from tests.accounts.protection import holder

LATER = date(2040, 1, 2)
STATISTICS = Purpose("statistics", "89/2015/QH13")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def units(registry):  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        await territory.load(conn)


@pytest_asyncio.fixture
async def worker(registry):  # type: ignore[no-untyped-def]
    conn = await psycopg.AsyncConnection.connect(registry.dsn("worker"))
    yield conn
    await conn.rollback()
    await conn.close()


async def passed(app, worker) -> int:
    """As the worker does it on a day when everything that waits is late."""
    await app.commit()
    return await upkeep.escalate(worker, LATER)


@pytest.fixture
def samples(monkeypatch):
    return enrolment.stand_in(monkeypatch)


async def test_a_visit_without_its_second_officer_is_passed_up_once_and_on_top(app, admin, worker, police, office, samples):
    post = await enrolment.post(app, police)
    waiting = []
    for n in ("049190555001", "049190555002"):
        key = await enrolment.with_card(office, n)
        samples.of[key, "face"] = b"hoa"
        opened = await visit.begin(app, police, post, enrolment.qr(n))
        await visit.capture(app, police, opened.visit_id, "portrait", b"hoa")
        await visit.state(app, police, opened.visit_id, visit.Stated(f"09057710{n[-2:]}"))
        await visit.confirm(app, police, opened.visit_id, "aloud")
        assert await visit_decision.submit(app, police, opened.visit_id, approve=True) is VisitState.SECOND
        waiting.append(opened.visit_id)
    await app.commit()
    await admin.execute("UPDATE accounts.visit SET due_on = '2026-01-05' WHERE visit_id = %s", (waiting[1],))
    await admin.execute("UPDATE accounts.visit SET due_on = '2099-01-05' WHERE visit_id = %s", (waiting[0],))
    await admin.commit()
    assert waiting[1] in [one for _, one in await visit_store.escalate(worker, date(2026, 1, 6))]
    assert await visit_store.escalate(worker, date(2026, 1, 6)) == []
    await worker.commit()
    lines = [line for line, _ in await visit.waiting(app, police) if line.visit_id in waiting]
    assert [line.visit_id for line in lines] == [waiting[1], waiting[0]]
    assert lines[0].escalated_at is not None
    counted = await deadlines.deadlines(app, police, visit.purpose())
    assert counted.of("visit") >= 1
    assert counted.overdue >= 1
    assert counted.waiting >= 2


async def test_a_request_nobody_decided_is_passed_up_and_counted_for_the_leader(app, admin, worker, police, office):
    made = await holder(app, office)
    asked = await locks.request(app, police, locks.eid_purpose(), made.key, "Tài khoản bị chiếm đoạt")
    assert await passed(app, worker) >= 1
    topics = await (await worker.execute("SELECT topic FROM kit.outbox WHERE topic = 'accounts.lock.overdue'")).fetchall()
    assert topics, "others may hear of it"
    assert await upkeep.escalate(worker, LATER) == 0, "once"
    await worker.commit()
    lines = await locks.waiting(app, police, locks.eid_purpose())
    assert next(line for line in lines if line.lock_id == asked.lock_id).escalated_at is not None
    await admin.execute("UPDATE accounts.lock SET due_on = '2026-01-05' WHERE lock_id = %s", (asked.lock_id,))
    await admin.commit()
    token, _ = await access.enter_as(app, "province_leader", demo=True)
    leader = await access.sessions.resolve(app, token)
    assert leader is not None
    counted = await deadlines.deadlines(app, leader, STATISTICS, permission=deadlines.ANSWER)
    assert counted.waiting >= 0
    assert (await deadlines.deadlines(app, police, locks.eid_purpose())).of("lock") == 1


async def test_counts_are_for_who_may_see_them(app, clerk):
    with pytest.raises(psycopg.DatabaseError, match="no right"):
        await deadlines.deadlines(app, clerk, visit.purpose())
