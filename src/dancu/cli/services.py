"""The demonstration's services of other organisations, beside `dancu demo`: started once its pages answer, so that nobody waits
for them, and stopped with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dancu.kernel.errors import DancuError
from dancu.kit.log import get_logger

if TYPE_CHECKING:
    from fastapi import FastAPI


@asynccontextmanager
async def services(app: FastAPI, port: int) -> AsyncIterator[None]:
    """Their addresses follow ours (PORT+1, PORT+2; others where those are taken). A service that cannot be started is missing
    from the start page; it never keeps the platform from running."""
    from dancu.demo.relying_parties import launch

    running: list[launch.Running] = []
    try:
        ports = tuple(free(wanted) for wanted in (port + 1, port + 2))
        async with app.state.pool.connection() as conn, conn.transaction():
            wanted = await launch.register(conn, app.state.data, f"http://localhost:{port}", (ports[0], ports[1]))
        running = launch.start(wanted)
    except DancuError as error:
        get_logger("dancu.serve").warning("the demonstration's services cannot be started", code=error.code)
    app.state.services = running
    for one in running:
        print(f"      {one.url}  {one.name}", flush=True)
    try:
        yield
    finally:
        await asyncio.to_thread(launch.stop, running)


def free(port: int) -> int:
    from dancu.cli import http

    hosts = ("127.0.0.1",)
    try:
        return http.choose_port(port if port < 65536 else 0, hosts)
    except DancuError:
        return http.choose_port(0, hosts)
