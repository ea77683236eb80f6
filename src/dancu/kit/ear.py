"""Where the answers of servers come in: the sockets of a loop's connections, looked at from one statement to the next.

To ask the loop for a socket at every statement, and to take that back, is seven system calls. So the sockets stand in a selector of
their own, which the loop watches once; a socket that is closed leaves it by itself, and the driver may wait for the same socket at the
loop meanwhile.
"""

from __future__ import annotations

import asyncio
from selectors import EVENT_READ, DefaultSelector
from weakref import WeakKeyDictionary


class Ear:
    """One for each loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._selector = DefaultSelector()
        loop.add_reader(self._selector, self._heard)

    def add(self, watch: Watch) -> None:
        if watch.socket in self._selector.get_map():  # the number was another connection's, which is closed
            self._selector.unregister(watch.socket)
        self._selector.register(watch.socket, EVENT_READ, watch)

    def drop(self, watch: Watch) -> None:
        found = self._selector.get_map().get(watch.socket)
        if found is not None and found.data is watch:
            self._selector.unregister(watch.socket)

    def _heard(self) -> None:
        for key, _ in self._selector.select(0):
            key.data.heard()


_ears: WeakKeyDictionary[asyncio.AbstractEventLoop, Ear] = WeakKeyDictionary()


class Watch:
    """One connection's socket. It is left where something comes that nobody waits for: an answer to the driver, or a server that stops."""

    __slots__ = ("_ear", "_looks", "_waiting", "socket")

    def __init__(self, socket: int) -> None:
        loop = asyncio.get_running_loop()
        self.socket, self._looks = socket, False
        self._waiting: asyncio.Future[None] | None = None
        self._ear = _ears.get(loop) or _ears.setdefault(loop, Ear(loop))

    async def answer(self) -> None:
        """Until there is something to read, if only that the connection is gone."""
        self._waiting = waiting = asyncio.get_running_loop().create_future()
        if not self._looks:
            self._ear.add(self)
            self._looks = True
        await waiting

    def heard(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            self._looks = False
            self._ear.drop(self)
        elif not waiting.done():
            waiting.set_result(None)
