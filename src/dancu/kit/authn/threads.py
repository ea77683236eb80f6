"""Threads for work that would hold up everybody else: one fewer than the machine has processors.

The library's executor makes a future with a lock of its own for each call, chains it to the loop's and counts who is idle; a sign-in
hands over one call and waits for one answer.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_Task = tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]]


class Threads:
    """Started at the first call; what is still to be done when the process ends is left undone. `name`: as `top -H` and the benchmarks
    see them, up to 15 characters."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def run(self, work: Callable[..., T], *given: Any) -> asyncio.Future[T]:
        """What `work` answers or raises; it is not begun where nobody waits any more."""
        if not self._threads:
            self._start()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tasks.put((future, work, given))
        return future

    def _start(self) -> None:
        count = max(1, (os.cpu_count() or 2) - 1)
        self._threads = [threading.Thread(target=self._work, name=f"{self._name}_{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()
        atexit.register(self._stop)

    def _stop(self) -> None:
        """Before the interpreter goes: it may not be taken from under what runs."""
        with contextlib.suppress(Empty):
            while True:
                self._tasks.get_nowait()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        with contextlib.suppress(OSError):
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(self._name)
        while (task := self._tasks.get()) is not None:
            _done(*task)
            del task  # a password is not kept until the next one comes


def _done(future: asyncio.Future[Any], work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    if future.cancelled():
        return
    tell: Callable[[Any], None]
    try:
        tell, answer = future.set_result, work(*given)
    except BaseException as error:
        tell, answer = future.set_exception, error
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
        future.get_loop().call_soon_threadsafe(_told, future, tell, answer)


def _told(future: asyncio.Future[Any], tell: Callable[[Any], None], answer: Any) -> None:
    if not future.done():
        tell(answer)
