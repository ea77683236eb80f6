"""Minding the worker: a worker that died is started again, each time after a longer pause.

For the minute the evidence log allows, pages go on being answered meanwhile; after that they refuse by themselves until
entries are sequenced again. Only a worker that cannot be started at all ends the program.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable

from dancu.kernel.errors import Unavailable
from dancu.kit import metrics
from dancu.kit.log import get_logger

log = get_logger("dancu.serve")
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_IN_A_ROW = 8
_SETTLED_SECONDS = 30.0  # a worker that lived so long had started; its end begins a new row
_LOOK_SECONDS = 0.5

UP = metrics.gauge("dancu_worker_up", "Is the worker process that this server minds alive?")
STARTS = metrics.counter("dancu_worker_starts_total", "Starts of the worker process by this server")


class Worker:
    """The worker process of this server. `start` makes one; `child` is the last that was made."""

    def __init__(
        self, start: Callable[[], subprocess.Popen[bytes]], *, pauses: tuple[float, ...] = PAUSES, in_a_row: int = _IN_A_ROW
    ) -> None:
        self._start, self._pauses, self._in_a_row = start, pauses, in_a_row
        self._deaths = 0
        self.gave_up: Unavailable | None = None
        self._begin()

    def _begin(self) -> None:
        self.child = self._start()
        self._since = time.monotonic()
        STARTS.inc()
        UP.set(1)

    def alive(self) -> bool:
        """For readiness: is it there, and not merely for a moment between two deaths?"""
        return self.child.poll() is None and (not self._deaths or self._lived() > self._pauses[0])

    def _lived(self) -> float:
        return time.monotonic() - self._since

    async def mind(self, stop: asyncio.Event) -> None:
        """Until cancelled. Sets `gave_up` and `stop` when the worker died too often in a row."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            code = self.child.poll()
            if code is None:
                continue
            UP.set(0)
            self._deaths = 1 if self._lived() > _SETTLED_SECONDS else self._deaths + 1
            if self._deaths >= self._in_a_row:
                self.gave_up = Unavailable(
                    "serve.worker", "Tiến trình nền đã dừng {count} lần liên tiếp (mã thoát {exit}); ứng dụng dừng theo.",
                    count=self._deaths, exit=code,
                )  # fmt: skip
                log.error("worker cannot be started, stopping", exit=code, in_a_row=self._deaths)
                stop.set()
                return
            pause = self._pauses[min(self._deaths, len(self._pauses)) - 1]
            log.warning("worker ended, starting it again", exit=code, in_a_row=self._deaths, pause=pause)
            await asyncio.sleep(pause)
            self._begin()
