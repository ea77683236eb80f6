"""Two who want the same at the same moment, without chance: the second is known to wait before the first commits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import psycopg


async def after_waiting(admin: psycopg.AsyncConnection, first: psycopg.AsyncConnection, second: psycopg.AsyncConnection, work: Coroutine[Any, Any, Any]) -> Any:
    """What `work` on `second` comes to when `first` commits while it waits for it, or has not begun to wait after five seconds."""
    task = asyncio.create_task(work)
    for _ in range(500):
        row = await (await admin.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (second.info.backend_pid,))).fetchone()
        if task.done() or (row is not None and row[0]):
            break
        await asyncio.sleep(0.01)
    await first.commit()
    return await task
