"""Working out everyone's areas again is a long run: killed, it goes on where it was."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta

import psycopg
import pytest

from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.population import service
from dancu.population.service.areas import RUN, recompute_everyone, unfinished
from dancu.population.store import areas as store

from .conftest import draft

PEOPLE = 30
#: A run of its own process, one person a batch and slow, so that it can be killed midway.
SLOW = """
import asyncio, sys
import psycopg
from dancu.population.service import areas

async def main():
    conn = await psycopg.AsyncConnection.connect(sys.argv[1], autocommit=True)
    step = areas.recompute_areas
    async def slowly(*args, **kwargs):
        await asyncio.sleep(0.1)
        return await step(*args, **kwargs)
    areas.recompute_areas = slowly
    await areas.recompute_everyone(conn, batch=1)

asyncio.run(main())
"""


@pytest.fixture
async def crowd(registry, office_on, admin):
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        office = office_on(conn)
        keys = [(await office(service.register, draft(f"Nguyễn {n}", year=1960))).person_key for n in ["Một"] * PEOPLE]
    await admin.execute("UPDATE population.person SET areas = '{1}'")
    await admin.commit()
    return keys


async def waiting(admin):
    cursor = await admin.execute("SELECT count(*) FROM population.person WHERE areas = '{1}'")
    (count,) = await cursor.fetchone()
    await admin.commit()
    return count


async def test_a_killed_run_goes_on_where_it_was(crowd, registry, admin, worker):
    await worker.set_autocommit(True)
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", SLOW, registry.dsn("worker"))
    try:
        until = time.monotonic() + 30
        while await waiting(admin) > PEOPLE - 4 and time.monotonic() < until:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        assert await recompute_everyone(worker) == 0, "another one at the same time gives up"
    finally:
        run.kill()
        await run.wait()
    left = await waiting(admin)
    assert 0 < left <= PEOPLE - 4
    assert await unfinished(worker)
    saved = await store.run_of(worker, RUN)
    assert saved.changed == PEOPLE - left
    assert saved.after == crowd[PEOPLE - left - 1]
    # What was done is not done again: spoil it, and see that it stays spoilt.
    await admin.execute("UPDATE population.person SET areas = '{2}' WHERE person_key <= %s", (saved.after,))
    await admin.commit()
    for _ in range(50):  # the server notices a killed client in its own time
        if await recompute_everyone(worker) or not await unfinished(worker):
            break
        await asyncio.sleep(0.1)
    assert not await unfinished(worker)
    assert await waiting(admin) == 0
    cursor = await admin.execute("SELECT count(*) FROM population.person WHERE areas = '{2}'")
    assert await cursor.fetchone() == (PEOPLE - left,)


async def test_a_run_of_an_earlier_day_is_followed_by_one_of_today(crowd, admin, worker):
    await worker.set_autocommit(True)
    await store.note_run(worker, RUN, store.Run(crowd[-2], 0, SYSTEM_CLOCK.today() - timedelta(days=1)))
    await recompute_everyone(worker)
    assert await waiting(admin) == 0
    assert not await unfinished(worker)
