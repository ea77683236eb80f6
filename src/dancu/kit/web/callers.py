"""Programs that call the API: bearer token -> the kernel's Actor, remembered for a minute.

Only who the token belongs to is remembered, which never changes. Whether the session still lives is asked of the
database by whatever the call does next, so a revoked token opens nothing in that minute.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from dancu.kernel.actor import Actor, Channel
from dancu.kernel.errors import NotAllowed
from dancu.kit.i18n import N_

_SECONDS, _MOST, _LONGEST = 60.0, 10_000, 200


class Callers:
    """`connect` gives a connection, `resolve` the actor of a live token (the access room's)."""

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[Any]],
        resolve: Callable[[Any, str], Awaitable[Actor | None]],
    ) -> None:
        self._connect, self._resolve = connect, resolve
        self._known: OrderedDict[str, tuple[float, Actor]] = OrderedDict()

    async def of(self, authorization: str) -> Actor:
        """The caller named by an Authorization header. Raises NotAllowed `session.required`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST or not token.isascii():
            raise self._refusal()
        found = self._known.get(token)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        async with self._connect() as conn, conn.transaction():
            actor = await self._resolve(conn, token)
        if actor is None:
            self._known.pop(token, None)
            raise self._refusal()
        actor = replace(actor, channel=Channel.API)
        self._known[token] = (time.monotonic() + _SECONDS, actor)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return actor

    @staticmethod
    def _refusal() -> NotAllowed:
        return NotAllowed("session.required", N_("Xin đăng nhập để tiếp tục."))
