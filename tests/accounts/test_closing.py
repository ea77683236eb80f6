"""The account of somebody who died closes when the days of the rule have passed, keeps why, and opens again where the death
was an error."""

from __future__ import annotations

import psycopg
import pytest_asyncio

from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground
from dancu.accounts.service import closing, core, locks
from dancu.kernel.actor import SYSTEM
from tests.accounts.protection import Holder, holder, told
from tests.population.conftest import Office


@pytest_asyncio.fixture
async def worker(registry):  # type: ignore[no-untyped-def]
    conn = await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True)
    yield conn
    await conn.close()


@pytest_asyncio.fixture
async def gone(app: psycopg.AsyncConnection, admin, office: Office) -> Holder:  # type: ignore[no-untyped-def]
    made = await holder(app, office)
    await locks.registry_says(app, SYSTEM, made.key, Ground.DEATH)
    await app.commit()
    return made


async def a_month_ago(admin, key: int) -> None:  # type: ignore[no-untyped-def]
    await admin.execute("UPDATE accounts.lock SET asked_at = now() - interval '31 days' WHERE person_key = %s", (key,))
    await admin.commit()


async def close(worker) -> int:  # type: ignore[no-untyped-def]
    async with worker.transaction():
        return await closing.close_of_the_dead(worker)


async def test_it_waits_for_the_days_of_the_rule_then_closes_and_keeps_why(app, admin, worker, gone):
    await close(worker)
    assert (await core.existing(app, gone.key)).state is AccountState.LOCKED
    await app.commit()
    await a_month_ago(admin, gone.key)
    assert await close(worker) == 1
    after = await core.existing(app, gone.key)
    assert (after.state, after.closed_reason) == (AccountState.CLOSED, "death")
    assert await core.by_phone(app, gone.phone) is None, "the phone may serve the family"
    assert "closed" in {one.kind for one in await core.happenings(app, gone.key)}
    await app.commit()
    assert await close(worker) == 0, "once"


async def test_a_death_that_was_an_error_opens_it_again_with_its_phone(app, admin, worker, gone):
    await a_month_ago(admin, gone.key)
    await close(worker)
    assert await locks.registry_unsays(app, SYSTEM, gone.key, Ground.DEATH)
    after = await core.existing(app, gone.key)
    assert (after.state, after.closed_reason) == (AccountState.ACTIVE, "")
    assert await core.by_phone(app, gone.phone) == gone.key
    await app.commit()
    assert (await told(admin, "sms", gone.phone))[-1] == "account.unlocked"


async def test_a_phone_given_to_somebody_else_meanwhile_stays_theirs(app, admin, worker, office, gone):
    await a_month_ago(admin, gone.key)
    await close(worker)
    heir = await holder(app, office, phone=gone.phone)
    await locks.registry_unsays(app, SYSTEM, gone.key, Ground.DEATH)
    assert await core.by_phone(app, gone.phone) == heir.key
    assert (await core.contacts(app, gone.key)).phone == ""
