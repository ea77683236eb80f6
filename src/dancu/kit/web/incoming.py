"""What comes in of a request: its headers are looked up, where Starlette goes through the list for each of the dozen that are asked
for; and of its body it is known what was read."""

from __future__ import annotations

import asyncio
from itertools import repeat
from operator import itemgetter
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from dancu.kit.web.headers import RawHeaders

MAX_BODY = 64 * 1024  # bytes, of a request to a hot endpoint
_DRAIN_BYTES = 256 * 1024
_DRAIN_SECONDS = 1.0
_NO_LENGTH = 1 << 62
_NAME, _VALUE, _DECODE, _LATIN = itemgetter(0), itemgetter(1), bytes.decode, repeat("latin-1")


class Named(Headers):
    """`get` is a dictionary's own, asked dozens of times a request, and finds a name in small letters only, as all of us write them (see
    tests/architecture); the library's parser of forms does not, see `Asked.form`."""

    def __init__(self, scope: Scope) -> None:
        self._list = given = list(scope["headers"])
        first = _named(given)
        self.each_once = len(first) == len(given)
        if not self.each_once:
            first = _named(given[::-1])  # the first counts, as everywhere
        self._first, self.get = first, first.get  # type: ignore[method-assign]

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def __contains__(self, key: Any) -> bool:
        return key.lower() in self._first

    def getlist(self, key: str) -> list[str]:
        first = self._first.get(key.lower())
        if first is None:
            return []
        return [first] if self.each_once else super().getlist(key)


def _named(headers: RawHeaders) -> dict[str, str]:
    return dict(zip(map(_DECODE, map(_NAME, headers), _LATIN), map(_DECODE, map(_VALUE, headers), _LATIN), strict=True))


class Body:
    """`receive`, remembering how far the body was read: an answer that leaves some of it on the wire would be followed
    by those bytes where the next request of the connection is expected. `whole`: all of it, where it was gathered and came at once."""

    whole: bytes | None = None
    closed = True
    _stated = 0
    _gathered: list[Message] | None = None

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.headers = headers = Named(scope)
        self._receive, self._scope = receive, scope
        length = headers.get("content-length")
        if length is not None:
            self._stated = _length(length)
            self.closed = not self._stated
        if headers.get("transfer-encoding") is not None:
            self.closed = False

    @property
    def _waits(self) -> bool:
        """Whether to send it at all is what the sender asks."""
        return self.headers.get("expect") is not None

    @property
    def http1(self) -> bool:
        return bool(self._scope.get("http_version", "1.1").startswith("1"))

    async def gather(self) -> None:
        """Wait until the body is here, or MAX_BODY of it: what comes slowly waits here and not where places are few. A body
        that says it is longer is not waited for."""
        if self._gathered is not None or self._stated > MAX_BODY or self._waits:
            return
        size, self._gathered = 0, []
        while not self.closed and size <= MAX_BODY:
            message = await self._next()
            size += len(message.get("body", b""))
            self._gathered.append(message)
        if self.closed and len(self._gathered) == 1:
            self.whole = self._gathered[0].get("body")

    async def __call__(self) -> Message:
        return self._gathered.pop(0) if self._gathered else await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.closed = True
        return message

    async def settle(self) -> bool:
        """Read what is left of a body nobody wanted, if it is little and comes at once. False where some remains: then
        the connection cannot be used again."""
        if self.closed:
            return True
        if self._waits or self._stated > _DRAIN_BYTES:
            return False
        left = _DRAIN_BYTES
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self.closed and left > 0:
                    left -= len((await self._next()).get("body", b""))
        except TimeoutError:
            return False
        return self.closed


def _length(stated: str) -> int:
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 19 else _NO_LENGTH
