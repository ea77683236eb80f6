"""A subscriber's web server for tests: small, real HTTP, answers as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any


class Receiver:
    """`got`: the events taken, in order. `answer(events)` gives the status; `delay`: seconds before answering. `said`: body of the answers;
    `more`: what it says after an answer, unasked."""

    def __init__(self, answer: Callable[[list[dict[str, Any]]], int] = lambda events: 200, *, delay: float = 0.0, willing: bool = True) -> None:
        self.answer, self.delay, self.willing = answer, delay, willing
        self.got: list[dict[str, Any]] = []
        self.calls = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.said, self.more = b"", b""
        self.port = 0

    async def __aenter__(self) -> Receiver:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                method = line.split()[0].decode()
                headers: dict[str, str] = {}
                while (raw := await reader.readline()).strip():
                    name, _, value = raw.decode().partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                extra = ""
                status = 200
                if method == "OPTIONS":
                    extra = f"WebHook-Allowed-Origin: {headers['webhook-request-origin']}\r\n" if self.willing else ""
                else:
                    await asyncio.sleep(self.delay)
                    self.calls += 1
                    self.headers, self.body = headers, body
                    came = json.loads(body)
                    events = came if isinstance(came, list) else [came]
                    status = self.answer(events)
                    if status < 300:
                        self.got.extend(events)
                writer.write(f"HTTP/1.1 {status} X\r\n{extra}Content-Length: {len(self.said)}\r\n\r\n".encode() + self.said + self.more)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
