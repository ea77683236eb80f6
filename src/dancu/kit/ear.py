"""Where the answers of servers come in: the sockets of a loop's connections, looked at from one statement to the next.

To ask the loop for a socket at every statement, and to take that back, is seven system calls. So the sockets stand in a selector of
their own, which the loop watches once; a socket that is closed leaves it by itself, and the driver may wait for the same socket at the
loop meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from selectors import EVENT_READ, DefaultSelector
from typing import Any
from weakref import WeakKeyDictionary


class _Selector(DefaultSelector):
    """Asked as the system's own is asked, where it has none."""

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        return [(key.fd, what) for key, what in self.select(timeout)]


class Ear:
    """One for each loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # The system's own selector: what the library's makes of who is ready costs more than to ask.
        self._selector: Any = getattr(select, "epoll", _Selector)()
        self._watches: dict[int, Watch] = {}
        loop.add_reader(self._selector, self._heard)

    def add(self, watch: Watch) -> None:
        if watch.socket in self._watches:  # the number was another connection's, which is closed
            self._leave(watch.socket)
        self._selector.register(watch.socket, EVENT_READ)
        self._watches[watch.socket] = watch

    def drop(self, watch: Watch) -> None:
        if self._watches.get(watch.socket) is watch:
            self._leave(watch.socket)

    def _leave(self, socket: int) -> None:
        del self._watches[socket]
        with contextlib.suppress(OSError):
            self._selector.unregister(socket)

    def _heard(self) -> None:
        for socket, _ in self._selector.poll(0):
            if (watch := self._watches.get(socket)) is not None:
                watch.heard()


_ears: WeakKeyDictionary[asyncio.AbstractEventLoop, Ear] = WeakKeyDictionary()


class Watch:
    """One connection's socket. It is left where something comes that nobody waits for: an answer to the driver, or a server that stops."""

    __slots__ = ("_ear", "_looks", "_waiting", "socket")

    def __init__(self, socket: int) -> None:
        loop = asyncio.get_running_loop()
        self.socket, self._looks = socket, False
        self._waiting: asyncio.Future[None] | None = None
        self._ear = _ears.get(loop) or _ears.setdefault(loop, Ear(loop))

    def answer(self) -> asyncio.Future[None]:
        """Done when there is something to read, if only that the connection is gone."""
        self._waiting = waiting = asyncio.get_running_loop().create_future()
        if not self._looks:
            self._ear.add(self)
            self._looks = True
        return waiting

    def heard(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            self._looks = False
            self._ear.drop(self)
        elif not waiting.done():
            waiting.set_result(None)
