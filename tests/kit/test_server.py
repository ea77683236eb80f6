"""The server itself: what comes over a connection that no application should see, and how it stops."""

import asyncio
import errno
import socket

import pytest

from dancu.kit import connection
from dancu.kit import server as http

from .served import said, served, until


async def test_an_answer_leaves_in_one_piece(monkeypatch):
    """Head and body, whatever the method and whether the connection stays or ends with it."""
    written: list[bytes] = []

    class Counted:
        def __init__(self, transport) -> None:
            self.transport = transport

        def write(self, data: bytes) -> None:
            written.append(bytes(data))
            self.transport.write(data)

        def __getattr__(self, name: str):
            return getattr(self.transport, name)

    made = connection.Connection.connection_made
    monkeypatch.setattr(connection.Connection, "connection_made", lambda self, transport: made(self, Counted(transport)))
    async with served() as (_, port):
        heard = await said(
            port, b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
    assert len(written) == 3 and b"".join(written) == heard
    assert [piece.count(b"HTTP/1.1 200") for piece in written] == [1, 1, 1]
    assert heard.endswith(b"GET /c 0") and written[1].endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        (b"location", b"/a\r\nset-cookie: x=1", False), (b"location", b"/a\nb", False), (b"x-own", b"a\0b", False), (b"etag", b"a\x7fb", False),
        (b"vary", b"a\tb", True), (b"x-own", b"1", True), (b"Etag", b"1", True),
    ],
)  # fmt: skip
async def test_no_header_smuggles_another(name: bytes, value: bytes, sent: bool):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2"), (name, value)]})
        await send({"type": "http.response.body", "body": b"ok"})

    async with served(app=app) as (_, port):
        heard = await said(port, b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 200") and heard.endswith(b"\r\n\r\nok") if sent else heard == b""
    assert (name.lower() + b": " + value in heard) is sent


@pytest.mark.parametrize("length", [b"1", b"3"])
async def test_an_answer_of_another_length_than_it_says_ends_the_connection(length: bytes):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": b"ok"})

    async with served(app=app) as (_, port):
        heard = await said(port, b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n", b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
    assert heard.count(b"HTTP/1.1") == 1


async def test_an_answer_that_fails_between_head_and_body_is_a_failure():
    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        raise RuntimeError

    listening = http.listening("127.0.0.1", 0)
    server = http.server(broken)
    running = asyncio.create_task(server.serve([listening]))
    heard = await said(listening.getsockname()[1], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    server.stop()
    await asyncio.wait_for(running, 15)
    assert heard.startswith(b"HTTP/1.1 500 ") and b"200" not in heard


async def test_one_request_after_another_on_one_connection():
    async with served() as (_, port):
        heard = await said(port, b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    assert heard.index(b"GET /a 0") < heard.index(b"POST /b 3")


@pytest.mark.parametrize("pieces", [1, 2, 400])
async def test_who_would_rather_speak_another_protocol_is_answered_in_this_one(pieces: int):
    """As Java's client does; the parser alone would lose the body."""
    first = (
        b"POST /b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n"
        b"Content-Length: 3\r\n\r\nabc"
    )
    asked = first + b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    size = -(-len(asked) // pieces)
    async with served() as (_, port):
        heard = await said(port, *[asked[at : at + size] for at in range(0, len(asked), size)], pause=0.001)
    assert heard.count(b"HTTP/1.1 200") == 2 and b"POST /b 3" in heard and heard.endswith(b"GET /c 0")


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_the_connection_ends(request_: bytes):
    async with served() as (_, port):
        heard = await said(port, request_)
    assert heard.startswith(b"HTTP/1.1 400 ") and b"smuggled" not in heard and heard.count(b"HTTP/1.1") == 1


async def test_a_head_without_end_is_refused():
    async with served() as (_, port):
        heard = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\n", *[b"X: " + b"y" * 20_000 + b"\r\n"] * 4, pause=0.02)
    assert heard.startswith(b"HTTP/1.1 431 ")


async def test_a_letter_at_a_time_does_not_keep_the_connection(monkeypatch):
    monkeypatch.setattr(connection, "_HEAD_SECONDS", 0.3)
    monkeypatch.setattr(http, "_SWEEP_TICKS", 1)
    async with served() as (server, port):
        silent = await asyncio.open_connection("127.0.0.1", port)
        heard = await said(port, *[bytes([letter]) for letter in b"GET / HTTP"], pause=0.1)
        assert heard == b"" and await asyncio.wait_for(silent[0].read(), 2) == b""
        slow = await asyncio.wait_for(said(port, b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 3)
        assert slow.endswith(b"GET /slow 0")  # an answer may take its time
        silent[1].close()
        assert not server.server_state.connections


@pytest.mark.parametrize("after", [b"\r\n", b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\na"])
async def test_what_begins_no_request_does_not_keep_the_connection(after: bytes, monkeypatch):
    monkeypatch.setattr(connection, "_KEPT_SECONDS", 0.5)
    monkeypatch.setattr(http, "_SWEEP_TICKS", 1)
    async with served() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"GET / 0")
        writer.write(after)
        await asyncio.sleep(0.1)
        writer.write(b"\r\n")
        await asyncio.wait_for(reader.read(), 10)
        writer.close()


async def test_a_body_comes_at_a_pace(monkeypatch):
    monkeypatch.setattr(connection, "_BODY_SECONDS", 0.2)
    monkeypatch.setattr(http, "_SWEEP_TICKS", 1)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    async with served() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head % 9 + b"a")
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        heard = await said(port, head % 80_000, *[b"a" * 10_000] * 8, pause=0.05)
        assert heard.endswith(b"POST / 80000")


async def test_an_answer_nobody_takes_is_given_up(monkeypatch):
    monkeypatch.setattr(connection, "_STUCK_SECONDS", 0.3)
    monkeypatch.setattr(http, "_SWEEP_TICKS", 1)
    async with served() as (server, port):
        silent = socket.create_connection(("127.0.0.1", port))
        silent.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await until(lambda: any(one.stuck(0.0) or one._unsent for one in server.server_state.connections))
        assert await until(lambda: not server.server_state.connections)
        silent.close()


async def test_far_too_many_connections_end_at_once(monkeypatch):
    monkeypatch.setattr(connection, "_TOLD", 1)
    async with served(connections=1) as (server, port):
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert len(server.server_state.connections) == 2
        for one in (writer, *[writer for _, writer in kept]):
            one.close()


async def test_one_connection_more_is_told_to_come_back():
    async with served(connections=3) as (_, port):
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        heard = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert heard.startswith(b"HTTP/1.1 503 ")
        for _, writer in kept:
            writer.close()


async def test_what_is_being_answered_is_finished_before_it_stops():
    async with served() as (server, port):
        asked = asyncio.create_task(said(port, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"))
        idle = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.2)
        server.stop()
        heard = await asked
        assert b"GET /slow 0" in heard and b"connection: close" in heard
        assert await asyncio.wait_for(idle[0].read(), 2) == b""
        idle[1].close()


async def test_a_taken_address_is_said():
    one = http.listening("127.0.0.1", 0)
    with pytest.raises(OSError) as taken:
        http.listening("127.0.0.1", one.getsockname()[1])
    assert taken.value.errno == errno.EADDRINUSE
    one.close()
