"""What keeps one ministry's trouble with that ministry: a bounded number of calls at once, and a circuit that opens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Clock = Callable[[], float]


class Busy(Exception):
    """As many ask and wait as may."""


class Open(Exception):
    """It failed too often in a row and is left alone for a while."""


class Bulkhead:
    """At most `at_once` inside and `waiting` before the door; who comes then is sent away at once, not kept."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._room, self._most = asyncio.Semaphore(at_once), at_once + waiting
        self.inside = 0

    @asynccontextmanager
    async def place(self, seconds: float) -> AsyncIterator[None]:
        """Raises Busy, at once or where no place came free in time."""
        if self.inside >= self._most:
            raise Busy
        self.inside += 1
        try:
            try:
                await asyncio.wait_for(self._room.acquire(), seconds)
            except TimeoutError:
                raise Busy from None
            try:
                yield
            finally:
                self._room.release()
        finally:
            self.inside -= 1


class Breaker:
    """Closed: calls go through. After `failures` in a row it is open for `pause` seconds; then one call tries, and its outcome
    closes it or opens it again."""

    def __init__(self, failures: int, pause: float, clock: Clock = time.monotonic) -> None:
        self._most, self._pause, self._clock = failures, pause, clock
        self._failed, self._open_until, self._trying = 0, 0.0, False

    @property
    def is_open(self) -> bool:
        return self._failed >= self._most and (self._trying or self._clock() < self._open_until)

    def enter(self) -> None:
        """Before a call. Raises Open."""
        if self._failed < self._most:
            return
        if self.is_open:
            raise Open
        self._trying = True

    def leave(self, ok: bool) -> None:
        """After a call that `enter` let through."""
        self._trying = False
        if ok:
            self._failed = 0
            return
        self._failed += 1
        if self._failed >= self._most:
            self._open_until = self._clock() + self._pause

    def give_up(self) -> None:
        """A call that was let through did not come about: neither good nor bad."""
        self._trying = False
