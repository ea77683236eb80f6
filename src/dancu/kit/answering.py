"""One HTTP/1.1 request that is answered: what of its body has come, and how its answer leaves. The library writes whatever answer is
not the usual one (`RequestResponseCycle.send`)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from dancu.kit.connection import Connection

# Headers of our answers that change nothing in how an answer is sent.
USUAL = frozenset(
    (
        b"access-control-allow-headers", b"access-control-allow-methods", b"access-control-allow-origin", b"access-control-expose-headers",
        b"access-control-max-age", b"cache-control", b"clear-site-data", b"content-digest", b"content-disposition", b"content-encoding",
        b"content-language", b"content-length", b"content-security-policy", b"content-type", b"cross-origin-opener-policy",
        b"cross-origin-resource-policy", b"date", b"dpop-nonce", b"etag", b"location", b"permissions-policy", b"pragma", b"referrer-policy",
        b"retry-after", b"server", b"set-cookie", b"signature", b"signature-input", b"strict-transport-security", b"vary",
        b"www-authenticate", b"x-content-type-options", b"x-frame-options", b"x-request-id",
    )
)  # fmt: skip
_all_usual = USUAL.issuperset
# What no header may hold; the two between lines are counted.
_CONTROLS = bytes([*range(9), *range(10, 32), 127])

#: Our extension of ASGI: a message of this type is a whole answer (`status`, `headers`, `body`).
AT_ONCE = "dancu.at_once"
EXTENSIONS: dict[str, dict[object, object]] = {AT_ONCE: {}}

_log = logging.getLogger("uvicorn.error")
_NOBODY = asyncio.Event()  # is told, and nobody waits for it


class _Pieces:
    """Stands for the connection while an answer is put together."""

    __slots__ = ("_sending", "_transport", "_written")

    def __init__(self, transport: Any, *, sending: bool) -> None:
        self._transport, self._sending = transport, sending
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._written.append(data)

    def close(self) -> None:
        self.flush()
        if self._sending:
            self._transport.get_protocol().linger()
        else:
            self._transport.close()

    def flush(self) -> None:
        if self._written:
            self._transport.write(b"".join(self._written))
            self._written.clear()


class Answering(RequestResponseCycle):
    """The head of an answer waits for what follows and leaves with it in one piece: each is a system call, and wakes who waits.

    `fresh`: whether something of the body came, or its end, that `receive` did not tell. `news`: the event of who waits for it."""

    # As each begins; what becomes different for one is its own.
    disconnected = waiting_for_100_continue = response_started = response_complete = access_log = fresh = False
    more_body = True
    body: Any = b""
    chunked_encoding = None
    expected_content_length = 0
    task: asyncio.Task[None]
    _head: Any = None
    news: asyncio.Event | None = None

    def __init__(self, connection: Connection, scope: Any, keep_alive: bool) -> None:
        self.connection, self.scope, self.keep_alive = connection, scope, keep_alive
        self.transport, self.flow = connection.transport, connection.flow

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        return list(self.connection.state.default_headers)

    @property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]
        return self.news or _NOBODY

    def on_response(self) -> None:
        self.connection.answered()

    async def run(self, app: Any) -> None:
        """What the application fails to answer, or does not answer to the end, is a failure of ours."""
        try:
            await app(self.scope, self.receive, self.send)
            if not self.response_complete and not self.disconnected:
                raise RuntimeError("no whole answer")
        except BaseException as error:
            _log.error("Exception in ASGI application\n", exc_info=error)
            if self.response_started:
                self.transport.close()
            else:
                await self.send_500_response()
        finally:
            self.connection.tasks.discard(self.task)

    def told(self, piece: bytes) -> None:
        """A piece of the body came; most come in one."""
        held = self.body
        if not held:
            self.body = piece
        elif isinstance(held, bytes):
            self.body = bytearray(held + piece)
        else:
            held += piece
        self.fresh = True
        if self.news is not None:
            self.news.set()

    def lost(self) -> None:
        """The connection is gone."""
        self.disconnected = not self.response_complete
        if self.news is not None:
            self.news.set()

    async def receive(self) -> Any:
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self.disconnected and not self.response_complete:
            if self.flow.read_paused:
                self.flow.resume_reading()
            if not self.fresh:
                await self._something_new()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body, self.fresh = bytes(self.body), b"", False
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def _something_new(self) -> None:
        if self.news is None:
            self.news = asyncio.Event()
        self.news.clear()
        await self.news.wait()

    async def send(self, message: Any) -> None:
        if message["type"] == AT_ONCE:
            if self.response_started or self.flow.write_paused or not self._whole(message["status"], message["headers"], message["body"]):
                await self.send({**message, "type": "http.response.start"})
                await self.send({**message, "type": "http.response.body"})
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not message.get("more_body") and self._whole(head["status"], list(head["headers"]), message.get("body", b"")):
            return
        transport, pieces = self.transport, _Pieces(self.transport, sending=self.more_body)
        self.transport = pieces  # type: ignore[assignment]
        try:  # where nothing has to wait
            await super().send(head)
            await super().send(message)
        finally:
            self.transport = transport
            pieces.flush()

    def _whole(self, status: int, given: list[tuple[bytes, bytes]], body: bytes) -> bool:
        """Send the usual answer, in one piece and as long as it says, on a connection that is kept: what the library writes, without
        its look at each header with two expressions. False where it is another; nothing was done then."""
        if self.disconnected or not self.keep_alive or self.scope["method"] == "HEAD":
            return False
        connection = self.connection
        headers = connection.state.default_headers + given
        stated = dict(headers)
        if stated.get(b"content-length") != b"%d" % len(body) or not _all_usual(stated):
            return False
        lines = b"\r\n".join(map(b": ".join, headers))
        if len(lines) - len(lines.translate(None, _CONTROLS)) != 2 * len(headers) - 2:
            return False
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join((STATUS_LINE[status], lines, b"\r\n\r\n", body)))
        if self.news is not None:
            self.news.set()
        connection.answered()
        return True
