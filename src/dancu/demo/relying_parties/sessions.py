"""Sessions of a service, kept in its memory so that the provider can end them (back-channel logout). The cookie's name holds
application and port: on one machine browsers do not tell ports apart."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST, _SECONDS = 10_000, 8 * 3600


class Sessions:
    """Session id -> what the service remembers; the oldest give way."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()

    def get(self, key: str) -> dict[str, Any] | None:
        found = self._kept.get(key)
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def keep(self, key: str, values: dict[str, Any]) -> None:
        self._kept[key] = (time.monotonic() + _SECONDS, values)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    def drop(self, key: str) -> None:
        self._kept.pop(key, None)

    def end(self, *, sid: str = "", sub: str = "") -> int:
        """End the sessions of this sign-in at the provider, or all of this person where only `sub` is named."""
        gone = [
            key for key, (_, values) in self._kept.items()
            if (values.get("sid") == sid if sid else bool(sub) and values.get("sub") == sub)
        ]  # fmt: skip
        for key in gone:
            self.drop(key)
        return len(gone)


class SessionMiddleware:
    """`scope["session"]`: a dictionary kept between requests once something is in it. `scope["fresh"]` set true: the
    session goes on under a new id (after a sign-in, against fixation)."""

    def __init__(self, app: ASGIApp, sessions: Sessions, cookie: str) -> None:
        self._app, self._sessions, self._cookie = app, sessions, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        key = HTTPConnection(scope).cookies.get(self._cookie, "")
        known = self._sessions.get(key)
        scope["session"] = dict(known) if known is not None else {}

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._remember(scope, key if known is not None else "", message)
            await send(message)

        await self._app(scope, receive, sent)

    def _remember(self, scope: Scope, key: str, message: Message) -> None:
        values = scope["session"]
        if key and (not values or scope.get("fresh")):
            self._sessions.drop(key)
            key = ""
        if values:
            issued = key or secrets.token_urlsafe(32)
            self._sessions.keep(issued, values)
            if issued != key:
                cookie = f"{self._cookie}={issued}; Path=/; HttpOnly; SameSite=Lax"
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
