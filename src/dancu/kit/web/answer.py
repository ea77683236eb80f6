"""The wire's side of a request: what was read of its body, and the answer with our headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from fastapi import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from dancu.kernel.errors import Invalid
from dancu.kit.answering import AT_ONCE
from dancu.kit.web.asked import Named
from dancu.kit.web.errors import respond
from dancu.kit.web.headers import RawHeaders, secure

_DRAIN_BYTES = 256 * 1024
_DRAIN_SECONDS = 1.0
_NO_LENGTH = 1 << 62


class Body:
    """`receive`, remembering how far the body was read: an answer that leaves some of it on the wire would be followed
    by those bytes where the next request of the connection is expected. `whole`: all of it, where it was gathered and came at once."""

    whole: bytes | None = None
    closed = True
    _waits, _stated = False, 0
    _gathered: list[Message] | None = None

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive, self._scope, self.headers = receive, scope, Named(scope)
        length = self.headers.get("content-length")
        if length is not None or "transfer-encoding" in self.headers:
            self._waits, self._stated = "expect" in self.headers, 0 if length is None else _length(length.strip())
            self.closed = not self._stated and "transfer-encoding" not in self.headers

    @property
    def http1(self) -> bool:
        return bool(self._scope.get("http_version", "1.1").startswith("1"))

    async def gather(self, most: int) -> None:
        """Wait until the body is here, or `most` bytes of it: what comes slowly waits here and not where places are few. A body
        that says it is longer is not waited for."""
        if self._stated > most:
            return
        size, self._gathered = 0, []
        while not self.closed and not self._waits and size <= most:
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
        if self._waits or self._stated > _DRAIN_BYTES:  # whether to send it at all is what the sender asks; or it is not little
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


class Answer:
    """`send` with our headers. Replaces the framework's bare 413 by our own page; says when the connection ends."""

    status = 0
    _over = False

    def __init__(self, request: Request, send: Send, body: Body, https: bool) -> None:
        self._request, self._send, self._body, self._https = request, send, body, https

    async def __call__(self, message: Message) -> None:
        if self._over:
            return
        if message["type"] == "http.response.start":
            if message["status"] == 413 and _is_plain(message):
                too_large = Invalid("request.too_large", "Nội dung gửi lên quá lớn. Xin chia nhỏ hoặc nén lại.")
                await respond(self._request, too_large, 413)(self._request.scope, _nothing, self)
                self._over = True
                return
            self.status = message["status"]
            message["headers"] = await self._closing(self._headers(message.get("headers", ())))
        await self._send(message)

    async def give(self, answer: Response) -> None:
        """A whole answer, at once where the server takes it so and nothing follows it."""
        scope = self._request.scope
        if AT_ONCE not in scope.get("extensions", ()) or type(answer).__call__ is not Response.__call__ or answer.background:
            await answer(scope, self._body, self)
            return
        self.status = status = answer.status_code
        headers = self._headers(answer.raw_headers)
        if not self._body.closed:
            await self._closing(headers)
        await self._send({"type": AT_ONCE, "status": status, "headers": headers, "body": answer.body})

    def _headers(self, given: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        state = self._request.state
        headers = [*given]
        secure(headers, state.nonce, self._https)
        headers.append((b"x-request-id", state.request_id.encode()))
        if state.cookies:
            headers.extend((b"set-cookie", cookie.encode()) for cookie in state.cookies)
        return headers

    async def _closing(self, headers: RawHeaders) -> RawHeaders:
        """The same headers; where some of the body remains on the wire they say that the connection ends."""
        if not await self._body.settle() and self._body.http1:
            headers.append((b"connection", b"close"))
        return headers


def _is_plain(message: Message) -> bool:
    return any(name == b"content-type" and kind.startswith(b"text/plain") for name, kind in message["headers"])


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
