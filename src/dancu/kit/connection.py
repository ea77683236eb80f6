"""One connection of the HTTP/1.1 server: requests as httptools (llhttp) reads them, within bounds, and handed to the application.
Written for few steps a request: what stays the same for a connection is made once, and times are numbers that the server's sweep
looks at, not timers."""

from __future__ import annotations

import asyncio
import re
import urllib.parse
from collections import deque
from operator import itemgetter
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl, service_unavailable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from dancu.kit.answering import EXTENSIONS, Answering

# Browsers keep to 8 KiB; the certificate a proxy passes on and a signed request may come to a few more.
_HEAD_BYTES, _HEADERS = 64 * 1024, 100
_HEAD_SECONDS, _KEPT_SECONDS = 30.0, 75.0
# A body comes at this pace on average (bytes a second) or is given up; so is an answer of which nothing is taken for a minute.
_BODY_SECONDS, _BODY_PACE, _STUCK_SECONDS = 30.0, 500, 60.0
# Who is still sending when the answer to it ends the connection is listened to for so long, and for so many bytes.
_LINGER_SECONDS, _LINGER_BYTES = 2.0, 64 * 1024 * 1024
# Requests in one piece of data that would rather speak another protocol; each costs reading the rest again.
_UPGRADES = 16
# Connections beyond those that are kept, to be told so; any more end at once, before they take the files the database needs.
_TOLD = 128
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_INVALID = b"Invalid HTTP request received."
# Nearly every address of a request: a path and perhaps a query. Of more than ASCII the parser lets nothing through.
_plain = re.compile(rb"/[^#]{0,65000}").fullmatch
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_NAME = itemgetter(0)


class Connection(asyncio.Protocol):
    """`awaited_since`: since when (loop time) the head of a request has been awaited or is coming in; None while one is answered or
    the connection is kept for the next. `cycle`: the request that was read last; those whose turn has not come are in `pipeline`."""

    transport: asyncio.Transport
    flow: FlowControl
    cycle: Answering = None  # type: ignore[assignment]  # before the first
    awaited_since: float | None
    url = b""
    headers: list[tuple[bytes, bytes]]
    _body_since: float | None = None
    _kept_since = _moved = 0.0
    _head_bytes = _body_bytes = _unsent = _lingering = 0
    _plain_head = b""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.app, self.limit, self.loop = config.loaded_app, config.limit_concurrency, _loop or asyncio.get_running_loop()
        self.state, self.connections, self.tasks, self.app_state = server_state, server_state.connections, server_state.tasks, app_state
        self.pipeline: deque[tuple[Answering, Any]] = deque()
        self.parser = self._parser()

    def _parser(self) -> httptools.HttpRequestParser:
        made = httptools.HttpRequestParser(self)
        made.set_dangerous_leniencies(lenient_data_after_close=True)  # what comes after a last request does not spoil its answer
        return made

    def connection_made(self, transport: Any) -> None:
        self.transport, self.flow = transport, FlowControl(transport)
        here, there = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self._scope = {
            "type": "http", "asgi": _ASGI, "scheme": "http", "root_path": "", "extensions": EXTENSIONS,
            "server": (here[0], here[1]) if here else None, "client": (there[0], there[1]) if there else None,
        }  # fmt: skip
        self.awaited_since = self._moved = self.loop.time()
        self.connections.add(self)
        if len(self.connections) > self.limit + _TOLD:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        if self.cycle is not None:
            self.cycle.lost()
        self.flow.resume_writing()
        # Nothing the connection knows knows the connection any more: all is gone at once, not when the collector looks.
        self.cycle = self.parser = None  # type: ignore[assignment]
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            self._lingering -= len(data)
            if self._lingering <= 0:
                self.transport.close()
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._parse_without(upgrade, data)
        except httptools.HttpParserError:
            self._refuse()
        if self.awaited_since is not None or (self.cycle is not None and self.cycle.more_body):
            self._not_all(len(data))

    def _not_all(self, size: int) -> None:
        """Of a head or a body so much came, and more is awaited."""
        if self.awaited_since is not None:
            self._head_bytes += size
            if self._head_bytes > _HEAD_BYTES and not self.transport.is_closing():
                if self.cycle is None or self.cycle.response_complete:
                    self.transport.write(_TOO_LARGE)
                self.transport.close()
        elif self._body_since is None:
            self._body_since, self._body_bytes = self.loop.time(), size
        else:
            self._body_bytes += size

    def on_message_begin(self) -> None:
        self.awaited_since, self._head_bytes, self.url, self.headers = self.loop.time(), 0, b"", []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """What is raised here is answered 400."""
        parser, headers, before = self.parser, self.headers, self.cycle
        if len(headers) > _HEADERS:
            raise ValueError("too many headers")
        names = [*map(_NAME, headers)]
        if names.count(b"host") > 1:  # RFC 9112, 3.2: a proxy may have gone by the other one
            raise ValueError("two hosts")
        if parser.should_upgrade():
            self._plain_head = self._without_upgrade()
            return
        self.headers = []  # what follows a body in pieces is none of its head, which a proxy looked through
        self.awaited_since = self._body_since = None
        version, url = parser.get_http_version(), self.url
        raw_path, _, query = url.partition(b"?") if _plain(url) else _path_and_query(url)
        path = raw_path.decode()
        scope = {
            **self._scope, "http_version": version, "method": parser.get_method().decode(), "headers": headers,
            "path": urllib.parse.unquote(path) if "%" in path else path, "raw_path": raw_path, "query_string": query,
        }  # fmt: skip
        if self.app_state:
            scope["state"] = self.app_state.copy()
        self.cycle = cycle = Answering(self, scope, version != "1.0" and parser.should_keep_alive())
        if b"expect" in names:
            cycle.waiting_for_100_continue = any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)
        app = service_unavailable if len(self.connections) >= self.limit or len(self.tasks) >= self.limit else self.app
        if before is None or before.response_complete:
            self._start(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.append((cycle, app))

    def _start(self, cycle: Answering, app: Any) -> None:
        task = cycle.task = self.loop.create_task(cycle.run(app))
        self.tasks.add(task)

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.told(body)
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        if self._plain_head:
            return
        cycle = self.cycle
        cycle.more_body, cycle.fresh = False, True
        if cycle.news is not None:
            cycle.news.set()

    def answered(self) -> None:
        """The answer to the request whose turn it was is out."""
        self._kept_since = self.loop.time()
        if (self.pipeline or self.flow.read_paused) and not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start(*self.pipeline.popleft())

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

    def _parse_without(self, upgrade: httptools.HttpParserUpgrade, data: bytes) -> None:
        for _ in range(_UPGRADES):
            head, self._plain_head = self._plain_head, b""
            self.parser = self._parser()
            data = head + data[upgrade.args[0] :]
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as another:
                upgrade = another
            except httptools.HttpParserError:
                break
        self._refuse()

    def _refuse(self) -> None:
        headers = [*self.state.default_headers, (b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(_INVALID))]
        lines = b"\r\n".join(map(b": ".join, [*headers, (b"connection", b"close")]))
        self.transport.write(STATUS_LINE[400] + lines + b"\r\n\r\n" + _INVALID)
        self.transport.close()

    def linger(self) -> None:
        """End the connection on our side. Closed at once, the bytes still coming would be answered with a reset, which takes
        the answer away from who has not read it yet."""
        if self.transport.is_closing():
            return
        self._lingering = _LINGER_BYTES
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def shutdown(self) -> None:
        """The server stops: what is being answered is the connection's last."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        self.flow.resume_writing()
        self._moved = self.loop.time()

    def slow(self, now: float) -> bool:
        """Does what is awaited come too slowly, or does nothing come any more?"""
        cycle = self.cycle
        if self.awaited_since is not None:
            return now - self.awaited_since > _HEAD_SECONDS
        if cycle is None:
            return False
        if cycle.response_complete:
            return now - self._kept_since > _KEPT_SECONDS
        if not cycle.more_body:
            return False
        if self._body_since is None or self.flow.read_paused or cycle.waiting_for_100_continue:  # it is we who make them wait
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


def _path_and_query(url: bytes) -> tuple[bytes, bytes, bytes]:
    """As `partition` gives them, of an address in another form: `http://localhost/path`, one with a fragment."""
    parsed = httptools.parse_url(url)
    if parsed.path is None:
        raise ValueError("no path")
    return parsed.path, b"?", parsed.query or b""
