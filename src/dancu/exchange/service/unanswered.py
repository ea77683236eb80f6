"""Calls we could not answer, counted for the service levels. Kept in memory and written once a second at most: when there are
many of them the database has enough to do, and when it is away they wait for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final

from dancu.exchange.store import calls as store
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.log import get_logger

log = get_logger("dancu.exchange")
_PAUSE: Final = 1.0


class Unanswered:
    """`connect` gives a connection of the application's pool."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._counts: Counter[tuple[str, str, datetime]] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def add(self, org_code: str, service: str) -> None:
        """One more, of a live program."""
        hour = SYSTEM_CLOCK.now().replace(minute=0, second=0, microsecond=0)
        self._counts[org_code, service, hour] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def written(self) -> None:
        """Wait until everything counted is kept."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._counts:
            await asyncio.sleep(_PAUSE)
            counts, self._counts = self._counts, Counter()
            try:
                async with self._connect() as conn, conn.transaction():
                    await store.unanswered(conn, counts)
            except Exception as error:
                self._counts.update(counts)
                log.warning("calls that were not answered could not be counted yet", exc_info=error)
                await asyncio.sleep(10 * _PAUSE)
