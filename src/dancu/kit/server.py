"""The HTTP/1.1 server: uvicorn with httptools (llhttp), run inside our event loop on sockets of ours, with the bounds it lacks.
TLS and HTTP/2 are the proxy's work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

# Browsers keep to 8 KiB; the certificate a proxy passes on and a signed request may come to a few more.
_HEAD_BYTES, _HEADERS = 64 * 1024, 100
_HEAD_SECONDS, _KEPT_SECONDS, _SWEEP_TICKS = 30.0, 75, 50
# A body comes at this pace on average (bytes a second) or is given up; so is an answer of which nothing is taken for a minute.
_BODY_SECONDS, _BODY_PACE, _STUCK_SECONDS = 30.0, 500, 60.0
# Who is still sending when the answer to it ends the connection is listened to for so long, and for so many bytes.
_LINGER_SECONDS, _LINGER_BYTES = 2.0, 64 * 1024 * 1024
# Requests in one piece of data that would rather speak another protocol; each costs reading the rest again.
_UPGRADES = 16
# Connections beyond those that are kept, to be told so; any more end at once, before they take the files the database needs.
_TOLD = 128
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

# Headers of our answers that change nothing in how an answer is sent.
_USUAL = frozenset(
    (
        b"access-control-allow-headers", b"access-control-allow-methods", b"access-control-allow-origin", b"access-control-expose-headers",
        b"access-control-max-age", b"cache-control", b"clear-site-data", b"content-digest", b"content-disposition", b"content-encoding",
        b"content-language", b"content-length", b"content-security-policy", b"content-type", b"cross-origin-opener-policy",
        b"cross-origin-resource-policy", b"date", b"dpop-nonce", b"etag", b"location", b"permissions-policy", b"pragma", b"referrer-policy",
        b"retry-after", b"server", b"set-cookie", b"signature", b"signature-input", b"strict-transport-security", b"vary",
        b"www-authenticate", b"x-content-type-options", b"x-frame-options", b"x-request-id",
    )
)  # fmt: skip
# What no header may hold; the two of each line's end are counted.
_CONTROLS = bytes([*range(9), *range(10, 32), 127])
_NAME = itemgetter(0)


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


#: Our extension of ASGI: a message of this type is a whole answer (`status`, `headers`, `body`).
AT_ONCE = "dancu.at_once"
_EXTENSIONS: dict[str, dict[object, object]] = {AT_ONCE: {}}


class _Answering(RequestResponseCycle):
    """The head of an answer waits for what follows and leaves with it in one piece: each is a system call, and wakes who waits."""

    _head: Any = None

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
        if not message.get("more_body") and self._whole(head["status"], head["headers"], message.get("body", b"")):
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
        if self.disconnected or self.access_log or not self.keep_alive or self.scope["method"] == "HEAD":
            return False
        headers = [*self.default_headers, *given]
        stated = dict(headers)
        if stated.get(b"content-length") != b"%d" % len(body) or not stated.keys() <= _USUAL:
            return False
        text = b"".join((STATUS_LINE[status], b"\r\n".join(map(b": ".join, headers)), b"\r\n\r\n"))
        if len(text) - len(text.translate(None, _CONTROLS)) != 2 * len(headers) + 4:
            return False
        self.response_started, self.waiting_for_100_continue = True, False
        self.transport.write(text + body)
        self.response_complete = True
        self.message_event.set()
        self.on_response()
        return True


class _Wire(HttpToolsProtocol):
    """One connection. `awaited_since`: since when (loop time) the head of a request has been awaited or is coming in; None
    while one is answered or the connection is kept for the next."""

    awaited_since: float | None
    _head_bytes = _body_bytes = _unsent = 0
    _plain_head = b""
    _body_since = _moved = 0.0
    _lingering = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.awaited_since = self._moved = self.loop.time()
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency + _TOLD:
            transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.awaited_since, self._head_bytes = self.loop.time(), 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))  # whether one of them is "expect" is asked once

    def on_headers_complete(self) -> None:
        self.awaited_since = None
        names = [*map(_NAME, self.headers)]
        self.expect_100_continue = b"expect" in names and (b"expect", b"100-continue") in [(name, value.lower()) for name, value in self.headers]
        if len(names) > _HEADERS:
            raise ValueError("too many headers")  # answered 400
        if names.count(b"host") > 1:  # RFC 9112, 3.2: a proxy may have gone by the other one
            raise ValueError("two hosts")
        if self.parser.should_upgrade():
            self._plain_head = self._without_upgrade()
            return
        super().on_headers_complete()
        self.cycle.__class__ = _Answering
        self.scope["extensions"] = _EXTENSIONS
        self._body_since, self._body_bytes = self.loop.time(), 0

    def on_message_complete(self) -> None:
        if not self._plain_head:
            super().on_message_complete()

    def _without_upgrade(self) -> bytes:
        """The head again, asking for HTTP/1.1 only, as a server may take it that offers nothing else (RFC 9110, 7.8): the parser
        would take the body for another protocol. Java's client asks so at every first request."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise ValueError("no proxy")
        lines = [method + b" " + self.url + b" HTTP/" + self.parser.get_http_version().encode()]
        for name, value in self.headers:
            if name == b"connection":
                value = b", ".join(one for one in map(bytes.strip, value.split(b",")) if one.lower() not in (b"upgrade", b"http2-settings"))
            if name not in (b"upgrade", b"http2-settings"):
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    def _parse(self, data: bytes) -> None:
        for _ in range(_UPGRADES):
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                head, self._plain_head = self._plain_head, b""
                self.parser = httptools.HttpRequestParser(self)
                data = head + data[upgrade.args[0] :]
            except httptools.HttpParserError:
                break
        self.send_400_response("Invalid HTTP request received.")

    def linger(self) -> None:
        """End the connection on our side. Closed at once, the bytes still coming would be answered with a reset, which takes
        the answer away from who has not read it yet."""
        if self.transport.is_closing():
            return
        self._lingering = _LINGER_BYTES
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            self._lingering -= len(data)
            if self._lingering <= 0:
                self.transport.close()
            return
        kept = self.timeout_keep_alive_task
        self._unset_keepalive_if_required()
        self._parse(data)
        self._body_bytes += len(data)
        if self.awaited_since is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES and not self.transport.is_closing():
                if self.cycle is None or self.cycle.response_complete:
                    self.transport.write(_TOO_LARGE)
                self.transport.close()
        elif kept is not None and self.timeout_keep_alive_task is None and self.cycle.response_complete and not self.transport.is_closing():
            # What came began no request (an empty line, the rest of a body nobody waits for): it does not buy more time.
            self.timeout_keep_alive_task = self.loop.call_at(kept.when(), self.timeout_keep_alive_handler)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._moved = self.loop.time()

    def slow(self, now: float) -> bool:
        """Does what is awaited come too slowly?"""
        if self.awaited_since is not None:
            return now - self.awaited_since > _HEAD_SECONDS
        if self.cycle is None or self.cycle.response_complete or not self.cycle.more_body:
            return False
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:  # it is we who make them wait
            self._body_since, self._body_bytes = now, 0
        took = now - self._body_since
        return took > _BODY_SECONDS and self._body_bytes < took * _BODY_PACE

    def stuck(self, now: float) -> bool:
        """Has nothing of an answer been taken for long?"""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent < self._unsent:
            self._moved = now
        self._unsent = unsent
        return now - self._moved > _STUCK_SECONDS


class Server(uvicorn.Server):
    """`await serve(sockets)` until `stop()`; then what is being answered is finished first. Signals are our caller's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        """Every tenth of a second. Who sends a request or takes its answer a letter at a time does not keep the connection."""
        if counter % _SWEEP_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if not isinstance(connection, _Wire):
                    continue
                if connection.stuck(now):
                    connection.transport.abort()  # closing would wait for what is not taken
                elif connection.slow(now):
                    connection.transport.close()
        return await super().on_tick(counter)

    def stop(self) -> None:
        self.should_exit = True


def server(app: Any, *, connections: int = 512, grace: int = 10, lifespan: bool = False) -> Server:
    """A server for an ASGI application. `lifespan`: run it too, where nobody else does. `connections`: how many may be kept, idle ones
    included; while there are more, requests are answered 503 and their connections end. `grace`: seconds for requests being answered
    when it stops."""
    config = uvicorn.Config(
        app, loop="none", http=_Wire, ws="none", interface="asgi3", lifespan="on" if lifespan else "off", log_config=None, log_level="error",
        access_log=False, proxy_headers=False, server_header=False, limit_concurrency=connections, timeout_keep_alive=_KEPT_SECONDS,
        timeout_graceful_shutdown=grace,
    )  # fmt: skip
    return Server(config)


def listening(host: str, port: int, *, backlog: int = 1024) -> socket.socket:
    """A socket that listens. Raises OSError where the address is taken or not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(backlog)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
