"""The HTTP/1.1 server: uvicorn with httptools (llhttp), run inside our event loop on sockets of ours, with the bounds it lacks.
TLS and HTTP/2 are the proxy's work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Browsers keep to 8 KiB; the certificate a proxy passes on and a signed request may come to a few more.
_HEAD_BYTES, _HEADERS = 64 * 1024, 100
_HEAD_SECONDS, _KEPT_SECONDS, _SWEEP_TICKS = 30.0, 75, 50
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class _Wire(HttpToolsProtocol):
    """One connection. `awaited_since`: since when (loop time) the head of a request has been awaited or is coming in; None
    while one is answered or the connection is kept for the next."""

    awaited_since: float | None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.awaited_since = self.loop.time()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.awaited_since, self._head_bytes = self.loop.time(), 0

    def on_headers_complete(self) -> None:
        self.awaited_since = None
        if len(self.headers) > _HEADERS:
            raise ValueError("too many headers")  # answered 400
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.awaited_since is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES and not self.transport.is_closing():
                if self.cycle is None or self.cycle.response_complete:
                    self.transport.write(_TOO_LARGE)
                self.transport.close()

    def slow(self, now: float) -> bool:
        return self.awaited_since is not None and now - self.awaited_since > _HEAD_SECONDS


class Server(uvicorn.Server):
    """`await serve(sockets)` until `stop()`; then what is being answered is finished first. Signals are our caller's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        """Every tenth of a second. Who sends a request a letter at a time does not keep the connection."""
        if counter % _SWEEP_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, _Wire) and connection.slow(now):
                    connection.transport.close()
        return await super().on_tick(counter)

    def stop(self) -> None:
        self.should_exit = True


def server(app: Any, *, connections: int = 512, grace: int = 10, lifespan: bool = False) -> Server:
    """A server for an ASGI application. `lifespan`: run it too, where nobody else does. `connections`: how many may be kept, idle ones
    included; one more is answered 503. `grace`: seconds for requests being answered when it stops."""
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
