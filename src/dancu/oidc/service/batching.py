"""Requests waiting at the same moment share one statement and one commit; nobody waits for company."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from dancu.kernel.errors import Unavailable
from dancu.kit.db import Conn, unreachable
from dancu.kit.i18n import N_

A = TypeVar("A")
R = TypeVar("R")


class Batches(Generic[A, R]):
    """`serve` answers many requests in one statement that commits itself, in their order. At most `lanes` batches of `batch`
    requests are under way; at most `queue` requests wait, more are refused at once rather than late, and who has waited
    `patience` seconds (the database was slower than foreseen) is refused before anything of it is done. A batch that fails
    as a whole is tried one by one, so a bad request fails alone. A lane lives as long as somebody waits: nothing to start
    or stop."""

    def __init__(
        self, connect: Callable[[], AbstractAsyncContextManager[Any]], serve: Callable[[Conn, Sequence[A]], Awaitable[Sequence[R]]], *,
        lanes: int = 2, batch: int = 64, queue: int = 2000, patience: float = 3.0,
    ) -> None:  # fmt: skip
        self._connect, self._ask = connect, serve
        self._lanes, self._batch, self._limit, self._patience = lanes, batch, queue, patience
        self._waiting: deque[tuple[A, asyncio.Future[R], float]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, asked: A) -> R:
        """The answer, once everything it wrote is durable. Raises Unavailable."""
        if len(self._waiting) >= self._limit:
            raise busy()
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future, time.monotonic()))
        if len(self._running) < self._lanes:
            task = asyncio.create_task(self._lane())
            self._running.add(task)
        return await future

    async def _lane(self) -> None:
        try:
            await self._serve_all()
        finally:
            # At once, not by a callback: between a lane's last look and a callback somebody could come, see the lanes busy,
            # and wait for nobody.
            self._running.discard(asyncio.current_task())

    async def _serve_all(self) -> None:
        while self._waiting:
            taken: list[tuple[A, asyncio.Future[R]]] = []
            late = time.monotonic() - self._patience
            while self._waiting and len(taken) < self._batch:
                asked, future, since = self._waiting.popleft()
                if future.done():
                    continue
                if since < late:
                    future.set_exception(busy())
                else:
                    taken.append((asked, future))
            if taken:
                await self._serve(taken)

    async def _serve(self, taken: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            async with self._connect() as conn:
                answers = await self._ask(conn, [asked for asked, _ in taken])
        except asyncio.CancelledError:
            for _, future in taken:
                future.cancel()
            raise
        except Exception as error:
            if len(taken) == 1 or unreachable(error):
                for _, future in taken:
                    if not future.done():
                        with contextlib.suppress(asyncio.InvalidStateError):
                            future.set_exception(error)
                return
            for one in taken:
                await self._serve([one])
            return
        for (_, future), answer in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def busy() -> Unavailable:
    return Unavailable("oidc.busy", N_("Hệ thống đang quá tải. Xin thử lại sau vài giây."))
