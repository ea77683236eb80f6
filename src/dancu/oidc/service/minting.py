"""The hot path: tokens for programs. Requests waiting at the same moment share one statement and one commit, in which
their marks are spent and their evidence written; nobody waits for company."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from dancu.kernel.errors import Unavailable
from dancu.kit.db import unreachable
from dancu.kit.i18n import N_
from dancu.oidc.models import Mark
from dancu.oidc.store import families

Asked = tuple[int, str, str, str, Sequence[Mark]]
_Waiting = tuple[Asked, "asyncio.Future[bool]"]
_Queued = tuple[Asked, "asyncio.Future[bool]", float]
PURPOSE, BASIS = "online_service", "69/2024/NĐ-CP"


class Minting:
    """At most `lanes` batches of `batch` requests are under way; at most `queue` requests wait, more are refused at once
    rather than late, and who has waited `patience` seconds (the database was slower than foreseen) is refused before anything
    of it is spent. A lane lives as long as somebody waits: nothing to start or stop."""

    def __init__(
        self, connect: Callable[[], AbstractAsyncContextManager[Any]], *,
        lanes: int = 2, batch: int = 64, queue: int = 2000, patience: float = 3.0,
    ) -> None:  # fmt: skip
        self._connect, self._lanes, self._batch, self._limit, self._patience = connect, lanes, batch, queue, patience
        self._waiting: deque[_Queued] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def record(self, asked: Asked) -> bool:
        """True when everything in (client_no, org_code, request_id, scope, marks) was new and is recorded, durably.
        Raises Unavailable."""
        if len(self._waiting) >= self._limit:
            raise busy()
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future, time.monotonic()))
        if len(self._running) < self._lanes:
            task = asyncio.create_task(self._lane())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    async def _lane(self) -> None:
        while self._waiting:
            taken: list[_Waiting] = []
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

    async def _serve(self, taken: Sequence[_Waiting]) -> None:
        try:
            async with self._connect() as conn:
                # One statement that commits itself: one round trip instead of three.
                await conn.set_autocommit(True)
                try:
                    answers = await families.client_tokens(conn, [asked for asked, _ in taken], PURPOSE, BASIS)
                finally:
                    await conn.set_autocommit(False)
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
        for (_, future), fresh in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(fresh)


def busy() -> Unavailable:
    return Unavailable("oidc.busy", N_("Hệ thống đang quá tải. Xin thử lại sau vài giây."))
