"""Requests waiting at the same moment share one statement and one commit; nobody waits for company."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Generic, TypeVar

from dancu.kernel.errors import Unavailable
from dancu.kit.db import Conn, unreachable
from dancu.kit.i18n import N_

A = TypeVar("A")
R = TypeVar("R")
Connect = Callable[[], AbstractAsyncContextManager[Any]]
# A batch under way for longer holds up those who come: another lane does not wait to be needed.
_LONG_SECONDS: Final = 0.05
_COMPANY_SECONDS: Final = 0.01


class Batches(Generic[A, R]):
    """`serve` answers many requests in one statement that commits itself (the connections of the pool do), in their order.

    At most `lanes` batches of `batch` requests are under way; at most `queue` requests wait, more are refused at once rather
    than late, and who has waited `patience` seconds (the database was slower than foreseen) is refused before anything of it is
    done, both with Unavailable `busy`. A batch that fails as a whole is tried one by one, so a bad request fails alone; where
    the database cannot be asked at all, everybody in it is told at once. Who left before being served is not served. A lane
    lives as long as somebody waits: nothing to start or stop."""

    def __init__(
        self, connect: Connect, serve: Callable[[Conn, Sequence[A]], Awaitable[Sequence[R]]], *, busy: str,
        lanes: int = 2, batch: int = 64, queue: int = 2000, patience: float = 3.0,
    ) -> None:  # fmt: skip
        self._connect, self._answers, self._busy = connect, serve, busy
        self._lanes, self._batch, self._limit, self._patience = lanes, batch, queue, patience
        self._waiting: deque[tuple[A, asyncio.Future[R], float]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._began = 0.0
        #: Seconds a batch has lately taken.
        self.pace = 0.0

    async def ask(self, asked: A) -> R:
        """The answer, once everything it wrote is durable. Raises Unavailable, and what `serve` raises for this request."""
        if len(self._waiting) >= self._limit:
            raise self._refusal()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        now = time.monotonic()
        self._waiting.append((asked, future, now))
        if not self._running or (len(self._running) < self._lanes and self._behind(now)):
            self._running.add(loop.create_task(self._lane()))
        return await future

    def _behind(self, now: float) -> bool:
        """Can the lanes there are not keep up? Fewer, larger batches cost both sides less for each request."""
        return len(self._waiting) >= self._batch // 2 or now - self._began > _LONG_SECONDS

    async def _lane(self) -> None:
        try:
            while self._waiting:
                await self._company()
                if taken := self._take():
                    self._began = time.monotonic()
                    await self._serve(taken)
        finally:
            # At once, not by a callback: between a lane's last look and a callback somebody could come, see the lanes busy,
            # and wait for nobody.
            task = asyncio.current_task()
            assert task is not None
            self._running.discard(task)
            if not self._running:  # somebody waits still: the lane was cancelled, and there is no other
                while self._waiting:
                    self._waiting.popleft()[1].cancel()

    async def _company(self) -> None:
        """Whoever has reached us already comes along: a statement for ten costs little more than one for five. The loop goes round as
        long as each turn brings somebody; nobody is waited for who is not here."""
        before, until = 0, time.monotonic() + _COMPANY_SECONDS
        while before < len(self._waiting) < self._batch // 2 and time.monotonic() < until:
            before = len(self._waiting)
            await asyncio.sleep(0)

    def _take(self) -> list[tuple[A, asyncio.Future[R]]]:
        taken: list[tuple[A, asyncio.Future[R]]] = []
        late = time.monotonic() - self._patience
        while self._waiting and len(taken) < self._batch:
            asked, future, since = self._waiting.popleft()
            if future.done():
                continue
            if since < late:
                future.set_exception(self._refusal())
            else:
                taken.append((asked, future))
        return taken

    async def _serve(self, taken: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        began = time.monotonic()
        try:
            async with self._connect() as conn:
                # Looked at only now: the connection, or what was tried before this one, may have taken its time.
                if not (taken := [one for one in taken if not one[1].done()]):
                    return
                answers = await self._answers(conn, [asked for asked, _ in taken])
            if len(answers) != len(taken):
                raise RuntimeError(f"{len(answers)} answers to {len(taken)} requests")
        except asyncio.CancelledError:
            for _, future in taken:
                future.cancel()
            raise
        except Exception as error:
            if len(taken) > 1 and not unreachable(error):
                for one in taken:
                    if not one[1].done():
                        await self._serve([one])
                return
            for _, future in taken:
                if not future.done():
                    with contextlib.suppress(asyncio.InvalidStateError):
                        future.set_exception(error)
            return
        self.pace += 0.2 * (time.monotonic() - began - self.pace)
        for (_, future), answer in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    def _refusal(self) -> Unavailable:
        return Unavailable(self._busy, N_("Hệ thống đang quá tải. Xin thử lại sau vài giây."))
