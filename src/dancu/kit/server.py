"""The HTTP/1.1 server: uvicorn with connections of ours (`kit/connection.py`), run inside our event loop on sockets of ours. TLS and
HTTP/2 are the proxy's work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from dancu.kit.connection import Connection

_SWEEP_TICKS = 50


class Server(uvicorn.Server):
    """`await serve(sockets)` until `stop()`; then what is being answered is finished first. Signals are our caller's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        """Every tenth of a second. Who sends a request or takes its answer a letter at a time does not keep the connection, nor does who
        asks nothing more."""
        if counter % _SWEEP_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if not isinstance(connection, Connection):
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
        app, loop="none", http=Connection, ws="none", interface="asgi3", lifespan="on" if lifespan else "off", log_config=None, log_level="error",
        access_log=False, proxy_headers=False, server_header=False, limit_concurrency=connections, timeout_graceful_shutdown=grace,
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
