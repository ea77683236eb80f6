"""The hot path: look-ups by number, batched.

Requests that are waiting at the same moment share one statement and one commit: each still has its own verdict and
its own evidence entry, written before any of them is answered. Nobody waits for company: an idle lane takes whatever
is there, be it one request. A look-up that cannot be part of a batch (the database refuses the whole) is tried alone,
so one bad element never fails the others, and a client that left is simply not told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from dancu.kernel.errors import Unavailable
from dancu.kit.db import Conn, unreachable
from dancu.population.service.look import refusal
from dancu.population.store import gate
from dancu.population.store.gate import Find

Connect = Callable[[], AbstractAsyncContextManager[Conn]]
Answer = tuple[str, int, dict[str, Any] | None]
_Waiting = tuple[Find, "asyncio.Future[Answer]"]


class Finder:
    """`lanes` connections work side by side, each on a batch of at most `batch`; at most `queue` requests wait, more
    are refused at once rather than late."""

    def __init__(self, connect: Connect, *, lanes: int = 2, batch: int = 64, queue: int = 2000) -> None:
        self._connect, self._batch, self._limit = connect, batch, queue
        self._lanes = lanes
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Finder:
        self._tasks = [asyncio.create_task(self._lane()) for _ in range(self._lanes)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft()[1].cancel()

    async def find(self, find: Find) -> tuple[int, dict[str, Any]]:
        """(entry_id, summary). Raises the refusal of the gate, or Unavailable."""
        if len(self._waiting) >= self._limit:
            raise Unavailable("person.busy", "Hệ thống đang quá tải. Xin thử lại sau vài giây.")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((find, future))
        self._wake.set()
        word, entry_id, record = await future
        if word != "ok" or record is None:
            raise refusal(word if word != "ok" else "not_found")
        return entry_id, record

    async def _lane(self) -> None:
        while True:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            taken = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            # Who left before their look was made has seen nothing, so nothing is looked up for them.
            taken = [(find, future) for find, future in taken if not future.done()]
            if taken:
                try:
                    await self._serve(taken)
                except asyncio.CancelledError:
                    for _, future in taken:
                        future.cancel()
                    raise

    async def _serve(self, taken: Sequence[_Waiting]) -> None:
        try:
            answers = await self._ask([find for find, _ in taken])
        except Exception as error:
            if len(taken) == 1 or unreachable(error):
                for _, future in taken:
                    _fail(future, error)
                return
            for one in taken:
                await self._serve([one])
            return
        for (_, future), answer in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _ask(self, finds: Sequence[Find]) -> list[Answer]:
        # The transaction ends inside this function: no answer is handed out before its evidence is committed.
        async with self._connect() as conn, conn.transaction():
            return await gate.find_many(conn, finds)


def _fail(future: asyncio.Future[Answer], error: BaseException) -> None:
    if not future.done():
        with contextlib.suppress(asyncio.InvalidStateError):
            future.set_exception(error)


__all__ = ["Find", "Finder"]
