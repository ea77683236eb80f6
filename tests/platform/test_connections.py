"""Kept connections that ask nothing shut nobody out."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from typing import Any

import pytest

from dancu.cli import http
from dancu.kit.server import server as make


async def _application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return (await asyncio.wait_for(reader.readuntil(b"ok"), 10)).split(b"\r\n")[0]


async def test_three_hundred_kept_connections_leave_room_for_one_more() -> None:
    (listening,) = http._listening(0, ("127.0.0.1",))
    server = make(_application, connections=http._connections())
    running, kept, port = asyncio.create_task(server.serve([listening])), [], listening.getsockname()[1]
    try:
        for _ in range(300):
            kept.append(await asyncio.open_connection("127.0.0.1", port))
            assert await _ask(*kept[-1]) == b"HTTP/1.1 200 OK"
    finally:
        for _, writer in kept:
            writer.close()
        server.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running, 10)


@pytest.mark.parametrize(("limits", "connections"), [((1024, 1024), 512), ((1024, 100_000), 8192), ((64, 64), 128), ((-1, -1), 8192)])
def test_as_many_as_open_files_allow(monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], connections: int) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: asked.append(given))
    assert http._connections() == connections
    assert all(soft <= hard for soft, hard in asked)


def test_a_task_that_swallows_its_cancelling_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_CANCEL_SECONDS", 0.05)
    swallowed: list[bool] = []

    async def stubborn() -> None:
        for _ in range(2):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed.append(True)
        await asyncio.sleep(60)

    async def main() -> None:
        kept.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)

    kept: list[asyncio.Task[None]] = []
    asyncio.run(http.ending(main()))
    assert len(swallowed) == 2 and kept[0].cancelled()
