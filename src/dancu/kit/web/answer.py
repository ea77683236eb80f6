"""The answer to a request, with our headers."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request
from starlette.responses import Response
from starlette.types import Message, Send

from dancu.kernel.errors import Invalid
from dancu.kit.answering import AT_ONCE
from dancu.kit.web.errors import respond
from dancu.kit.web.headers import RawHeaders, secure
from dancu.kit.web.incoming import Body


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
