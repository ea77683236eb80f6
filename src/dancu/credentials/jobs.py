"""Timed work of integrated documents: sources are asked again, screens that are over are forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from procrastinate import Blueprint, RetryStrategy

from dancu.credentials.service import refresh as service
from dancu.credentials.service import sweeping
from dancu.exchange.service.connected import lines_of_process
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import connection

blueprint = Blueprint()
_BATCH, _AT_ONCE = 200, 8


@blueprint.periodic(cron="*/5 * * * *")
@blueprint.task(name="refresh", queueing_lock="credentials.refresh")
async def refresh(timestamp: int) -> None:
    """Every five minutes: the documents whose source was asked longest ago, a few sources at once."""
    transaction = partial(connection, "worker")
    async with transaction() as conn:
        waiting = await service.due(conn, _BATCH)
    if not waiting:
        return
    room = asyncio.Semaphore(_AT_ONCE)
    async with lines_of_process() as ways:

        async def one(key: int, kind: str) -> None:
            async with room:
                await service.again(transaction, ways, key, kind)

        await asyncio.gather(*(one(key, kind) for key, kind in waiting), return_exceptions=True)


@blueprint.task(name="again", retry=RetryStrategy(max_attempts=5, exponential_wait=3))
async def again(person_key: int, kind: str) -> None:
    """One document, because somebody waits for it."""
    async with lines_of_process() as ways:
        await service.again(partial(connection, "worker"), ways, person_key, kind)


@blueprint.periodic(cron="17 * * * *")
@blueprint.task(name="sweep", queueing_lock="credentials.sweep")
async def sweep(timestamp: int) -> None:
    """Hourly: screens that ended a day ago."""
    async with connection("worker") as conn:
        await sweeping.sweep(conn, SYSTEM_CLOCK.now() - timedelta(days=1))
