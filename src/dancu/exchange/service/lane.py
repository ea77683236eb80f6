"""The hot path: calls by number, many at once. Calls waiting at the same moment share one statement and one commit, in which
their replay marks are set, the gate decides, and their evidence and call lines are written; nobody waits for company."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from dancu.audit import service as audit
from dancu.exchange.models.call import Call
from dancu.exchange.store import lane as store
from dancu.kernel.errors import Unavailable
from dancu.kit.db import unreachable
from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class Ask:
    """`number`: digits. `needs`: the groups of the record wanted back. `evidence`: the fields the entry names. `verb`: what the
    entry calls the act."""

    call: Call
    number: str
    needs: tuple[str, ...]
    evidence: tuple[str, ...]
    permission: str
    verb: str


@dataclass(frozen=True, slots=True)
class Told:
    """`verdict`: 'ok', 'not_found', 'ambiguous', 'no_purpose' or 'replay'. `entry_id`: of the evidence; None for a replay.
    `record`: groups of the record. `content`: what the entry says, canonical."""

    verdict: str
    entry_id: int | None
    record: Mapping[str, Any] | None
    content: bytes


_Queued = tuple[Ask, "asyncio.Future[Told]", float]


class Lane:
    """At most `lanes` batches of `batch` calls are under way; at most `queue` calls wait, more are refused at once rather than
    late, and so is who has waited `patience` seconds, before anything of the call is spent. A lane lives as long as somebody
    waits: nothing to start or stop."""

    def __init__(
        self, connect: Callable[[], AbstractAsyncContextManager[Any]], *,
        lanes: int = 2, batch: int = 64, queue: int = 1000, patience: float = 3.0,
    ) -> None:  # fmt: skip
        self._connect, self._lanes, self._batch, self._limit, self._patience = connect, lanes, batch, queue, patience
        self._waiting: deque[_Queued] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._pace = 0.0  # seconds a batch has lately taken

    async def ask(self, ask: Ask) -> Told:
        """Raises Unavailable `exchange.busy`."""
        if len(self._waiting) >= self._limit:
            raise busy()
        future: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, future, time.monotonic()))
        # A second lane only where the first cannot keep up: fewer, larger batches cost both sides less for each call.
        if not self._running or (len(self._running) < self._lanes and len(self._waiting) >= self._batch // 2):
            task = asyncio.create_task(self._lane())
            self._running.add(task)
        return await future

    async def _lane(self) -> None:
        try:
            while self._waiting:
                taken: list[tuple[Ask, asyncio.Future[Told]]] = []
                late = time.monotonic() - self._patience
                while self._waiting and len(taken) < self._batch:
                    ask, future, since = self._waiting.popleft()
                    if future.done():  # who left before the look was made has seen nothing
                        continue
                    if since < late:
                        future.set_exception(busy())
                    else:
                        taken.append((ask, future))
                if taken:
                    await self._serve(taken)
        finally:
            # Here and not when the task is seen to have ended: who asks in between would wait for a lane that is gone.
            self._running.discard(asyncio.current_task())

    async def _serve(self, taken: Sequence[tuple[Ask, asyncio.Future[Told]]]) -> None:
        began = time.monotonic()
        try:
            answers = await self._told([ask for ask, _ in taken])
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
            # One bad element must not fail the others.
            for one in taken:
                await self._serve([one])
            return
        self._pace += 0.2 * (time.monotonic() - began - self._pace)
        for (_, future), told in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(told)

    async def _told(self, asks: Sequence[Ask]) -> list[Told]:
        # The line is written before the answer is ready: the time of this batch is foreseen from those before.
        until = time.time() + self._pace
        micros = [max(0, min(round((until - ask.call.received) * 1e6), 2**31 - 1)) for ask in asks]
        async with self._connect() as conn:
            # One statement that commits itself: one round trip instead of three.
            await conn.set_autocommit(True)
            try:
                rows = await store.answer_many(conn, asks, micros)
            finally:
                await conn.set_autocommit(False)
        return [Told(*row, _content(ask, *row[:2])) for ask, row in zip(asks, rows, strict=True)]


def _content(ask: Ask, verdict: str, entry_id: int | None) -> bytes:
    """What the function of migrations/0035_calls.sql has recorded, as the leaf will commit to it."""
    if entry_id is None:
        return b""
    note = {"verb": ask.verb} if verdict == "ok" else {"verb": ask.verb, "verdict": verdict}
    return audit.content_of_client(entry_id, ask.call.reason, ask.call.message_id, ask.evidence, note)


def busy() -> Unavailable:
    return Unavailable("exchange.busy", N_("Hệ thống đang quá tải. Xin thử lại sau vài giây."))
