"""Jobs: procrastinate in the same database. A room declares a `procrastinate.Blueprint` in its jobs.py; the worker
composes them. `defer` puts a job into the caller's transaction, so it exists exactly if the change it follows does.

Procrastinate's own tables live in schema `procrastinate` (kit.migrate.jobs_schema).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dancu.kit.db import Conn
from dancu.kit.reading import Reading

_SEARCH_PATH = "-c search_path=procrastinate,public"
_POLL_SECONDS = 5.0


async def run(dsn: str, stop: asyncio.Event, blueprints: Mapping[str, Any]) -> None:
    """Work off jobs until `stop`. `blueprints`: room -> its procrastinate.Blueprint."""
    import procrastinate

    connector = procrastinate.PsycopgConnector(conninfo=f"{dsn} options='{_SEARCH_PATH}'", min_size=1, max_size=3)
    app = procrastinate.App(connector=connector)
    for room, blueprint in blueprints.items():
        app.add_tasks_from(blueprint, namespace=room)
    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                install_signal_handlers=False, fetch_job_polling_interval=_POLL_SECONDS, delete_jobs="successful", concurrency=1
            )
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            await working  # a crash: raises, and the caller tries again
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def defer(
    conn: Conn, task: str, args: Mapping[str, Any] | None = None, *, lock: str | None = None, after: timedelta | None = None
) -> None:
    """Ask for a job ("room:task") in the transaction of `conn`. `lock`: jobs of one lock run one after another; `after`: not before this
    time has passed."""
    # Its triggers name their tables without a schema, so they must find it on the path while the row goes in.
    before = await (await conn.execute("SELECT current_setting('search_path')")).fetchone()
    await conn.execute("SELECT set_config('search_path', 'procrastinate, public', true)")
    await conn.execute(
        "INSERT INTO procrastinate.procrastinate_jobs (queue_name, task_name, priority, lock, args, scheduled_at)"
        " VALUES ('default', %s, 0, %s, %s::jsonb, now() + %s::interval)",
        (task, lock, json.dumps(dict(args or {})), after),
    )
    await conn.execute("SELECT set_config('search_path', %s, true)", before)


async def readings(conn: Conn) -> list[Reading]:
    """For metrics: jobs by task and state (role app). Those that succeeded are deleted, so what is here waits (todo, or
    later where its time has not come), runs (doing) or failed. A todo that does not shrink says that nobody works."""
    counted = await conn.execute(
        "SELECT task_name, CASE WHEN status = 'todo' AND scheduled_at > now() THEN 'later' ELSE status::text END, count(*)"
        " FROM procrastinate.procrastinate_jobs GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 200"
    )
    return [
        Reading("dancu_jobs", "Jobs waiting, running or failed, by task", float(count), (("task", task), ("state", state)))
        for task, state, count in await counted.fetchall()
    ]
