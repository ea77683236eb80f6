"""Sending many small requests over kept connections, and counting what comes back. The client's own cost is never part of a
figure: those are CPU times of the servers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Volley:
    """What came of a volley: answers by status, seconds each accepted one took, seconds in all."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    seconds: float = 0.0

    @property
    def p99(self) -> float:
        ordered = sorted(self.accepted)
        return ordered[int(len(ordered) * 0.99)] if ordered else 0.0


def post(host: str, path: str, body: str, authorization: str = "") -> bytes:
    extra = f"Authorization: {authorization}\r\n" if authorization else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{extra}Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def volley(port: int, requests: Iterable[bytes], connections: int = 32, *, until: float = float("inf")) -> Volley:
    """Every request once, or as many as go out before `until` (monotonic)."""
    made, waiting, began = Volley(), iter(requests), time.monotonic()
    await asyncio.gather(*(_connection(port, waiting, made, until) for _ in range(connections)))
    made.seconds = time.monotonic() - began
    return made


async def _connection(port: int, waiting: Iterator[bytes], made: Volley, until: float) -> None:
    reader = writer = None
    for request in waiting:
        if time.monotonic() > until:
            break
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = time.monotonic()
            writer.write(request)
            status, head = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            made.statuses[0] += 1
            writer = None
            continue
        made.statuses[status] += 1
        if status == 200:
            made.accepted.append(time.monotonic() - began)
        elif b"retry-after" not in head.lower():
            made.without_retry_after += 1
    if writer is not None:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at >= 0:
        await reader.readexactly(int(lower[at + 15 : lower.index(b"\r\n", at)]))
    elif b"chunked" in lower:
        while size := int((await reader.readuntil(b"\r\n")).strip() or b"0", 16):
            await reader.readexactly(size + 2)
        await reader.readuntil(b"\r\n")
    return int(head[9:12]), head
