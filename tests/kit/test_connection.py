"""What the application is told of a request, and how its answer leaves, where neither is the usual one."""

import asyncio
import gc
import json
import weakref

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kit import connection

from .served import said, served, until

LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def answer(send, text: str) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text.encode()))]})
    await send({"type": "http.response.body", "body": text.encode()})


async def tell(scope, receive, send):
    """What it was asked, as JSON in a line."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    headers = [f"{name.decode()}={value.decode()}" for name, value in scope["headers"]]
    told = [scope["http_version"], scope["method"], scope["path"], scope["raw_path"].decode(), scope["query_string"].decode(), headers, body.decode()]
    await answer(send, json.dumps([*told, scope["server"], scope["client"], scope.get("state")]) + "\n")


def told(heard: bytes) -> list:
    return [json.loads(line) for line in heard.split(b"\n") if line.startswith(b"[")]


@pytest.mark.parametrize(
    ("target", "path", "raw_path", "query"),
    [
        ("/", "/", "/", ""), ("/a?b", "/a", "/a", "b"), ("/a?", "/a", "/a", ""), ("/a?b?c%20", "/a", "/a", "b?c%20"), ("//x/a", "//x/a", "//x/a", ""),
        ("/a%20b%2F%C3%A1", "/a b/á", "/a%20b%2F%C3%A1", ""), ("/a?b#c?d", "/a", "/a", "b"), ("/a#c?d", "/a", "/a", ""),
        ("http://x:8/a%20b?c", "/a b", "/a%20b", "c"), ("*", "*", "*", ""),
    ],
)  # fmt: skip
async def test_an_address_in_each_of_its_forms(target: str, path: str, raw_path: str, query: str):
    async with served(tell) as (_, port):
        heard = await said(port, b"OPTIONS %s HTTP/1.1\r\nHOST: x\r\nX-One: 1\r\nx-one: 2\r\nConnection: close\r\n\r\n" % target.encode())
    (one,) = told(heard)
    assert one[:6] == ["1.1", "OPTIONS", path, raw_path, query, ["host=x", "x-one=1", "x-one=2", "connection=close"]]
    assert one[7] == ["127.0.0.1", port] and one[8][0] == "127.0.0.1" and one[9] is None


@given(st.text("ab/?:@[]%&=;.~*!^#", max_size=12).map(lambda text: f"/{text}".encode()))
def test_a_plain_address_is_taken_apart_as_the_library_does(url: bytes):
    if connection._plain(url):
        path, _, query = url.partition(b"?")
        assert (path, query) == connection._path_and_query(url)[::2]


def test_an_address_can_be_too_long():
    assert not connection._plain(b"/" + b"a" * 65_535)
    with pytest.raises(httptools.HttpParserInvalidURLError):
        connection._path_and_query(b"/" + b"a" * 65_535)


async def test_the_older_protocol_is_answered_once():
    async with served(tell) as (_, port):
        heard = await said(port, b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n")
    assert [one[:3] for one in told(heard)] == [["1.0", "GET", "/a"]] and b"connection: close" in heard


async def test_what_follows_a_body_in_pieces_is_no_header():
    """A proxy that sets or takes away headers does not look there."""
    body = b"".join(b"2\r\n%02d\r\n" % n for n in range(50))
    first = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\nX-Forwarded-For: me\r\nHost: y\r\n\r\n"
    async with served(tell) as (_, port):
        heard = await said(port, first + LAST)
    one, two = told(heard)
    assert one[5:7] == [["host=x", "transfer-encoding=chunked"], "".join(f"{n:02d}" for n in range(50))]
    assert two[5] == ["host=x", "connection=close"]


@pytest.mark.parametrize("expected", [b"100-continue", b"100-Continue"])
async def test_who_asks_whether_to_send_is_told_once(expected: bytes):
    async with served(tell) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\nExpect: %s\r\n\r\n" % expected)
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        await asyncio.sleep(0)
        writer.write(b"cd")
        (one,) = told(heard := await asyncio.wait_for(reader.read(), 5))
        writer.close()
    assert one[6] == "abcd" and b" 100 " not in heard


async def test_an_answer_given_before_the_body_asks_for_none():
    async def early(scope, receive, send):
        await answer(send, "no")
        assert (await receive())["type"] == "http.disconnect"

    async with served(early) as (server, port):
        heard = await said(port, b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert await until(lambda: not server.server_state.tasks)
    assert heard.startswith(b"HTTP/1.1 200 ") and b" 100 " not in heard and b" 500 " not in heard


async def test_who_has_the_whole_body_hears_next_that_the_asker_is_gone():
    heard: list[dict] = []

    async def waits(scope, receive, send):
        heard.append(await receive())
        heard.append(await receive())

    async with served(waits) as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
        assert await until(lambda: heard)
        await asyncio.sleep(0.05)
        assert heard == [{"type": "http.request", "body": b"ab", "more_body": False}] and len(server.server_state.tasks) == 1
        writer.close()
        assert await until(lambda: not server.server_state.tasks)
    assert heard[1:] == [{"type": "http.disconnect"}]


@pytest.mark.parametrize(("begun", "said_"), [(False, b"HTTP/1.1 500 "), (True, b"HTTP/1.1 200 ")])
async def test_no_answer_is_a_failure_and_half_of_one_ends_the_connection(begun: bool, said_: bytes):
    async def forgets(scope, receive, send):
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})

    async with served(forgets) as (server, port):
        heard = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await until(lambda: not server.server_state.connections)
    assert heard.startswith(said_) and heard.count(b"HTTP/1.1") == 1


async def test_requests_sent_before_their_turn_are_answered_in_turn():
    turn = asyncio.Event()
    asked: list[str] = []

    async def app(scope, receive, send):
        asked.append(scope["path"])
        await turn.wait()
        await answer(send, scope["path"])

    async with served(app) as (server, port):
        speaking = asyncio.create_task(said(port, b"".join(b"GET /%c HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in b"abc") + LAST))
        assert await until(lambda: asked)
        assert asked == ["/a"] and len(server.server_state.tasks) == 1
        turn.set()
        heard = await speaking
    assert asked == ["/a", "/b", "/c", "/last"] and heard.split()[-1] == b"/last"
    assert sorted(asked, key=lambda path: heard.index(path.encode())) == asked


async def test_what_one_request_notes_no_other_reads():
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            scope["state"]["from"] = "start"
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen = dict(scope["state"])
        scope["state"]["noted"] = scope["path"]
        await answer(send, json.dumps([seen]) + "\n")

    async with served(app, lifespan=True) as (_, port):
        heard = await said(port, b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + LAST)
    assert told(heard) == [[{"from": "start"}], [{"from": "start"}]]


async def test_an_answered_request_and_an_ended_connection_are_gone_at_once():
    """The collector looks seldom."""
    async with served(tell) as (server, port):
        gc.collect()
        gc.disable()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.wait_for(reader.readuntil(b'"/a"'), 5)
            (kept,) = server.server_state.connections
            one, request = weakref.ref(kept), weakref.ref(kept.cycle)
            del kept
            writer.write(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.wait_for(reader.readuntil(b'"/b"'), 5)
            assert await until(lambda: request() is None)
            writer.close()
            assert await until(lambda: one() is None)
        finally:
            gc.enable()


async def test_a_body_waits_where_nobody_reads_it_and_its_end_may_come_alone():
    """No more of it is held than need be."""
    read, sizes = asyncio.Event(), list[int]()

    async def app(scope, receive, send):
        await read.wait()
        more = True
        while more:
            message = await receive()
            sizes.append(len(message["body"]))
            more = message["more_body"]
        await answer(send, "ok")

    async with served(app) as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        writer.write(b"10000\r\n%s\r\n" % bytes(65_536) * 40)
        assert await until(lambda: any(one.flow and one.flow.read_paused for one in server.server_state.connections))
        (one,) = server.server_state.connections
        assert one.cycle is not None and len(one.cycle.body) < 1_000_000
        read.set()
        assert await until(lambda: sum(sizes) == 40 * 65_536)
        since = one._body_since
        assert not one.slow(since + 29) and one.slow(since + 100_000)
        writer.write(b"0\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"ok")
        writer.close()


async def test_who_asks_and_leaves_holds_a_place_as_long_as_it_is_worked_on():
    done = asyncio.Event()

    async def app(scope, receive, send):
        await done.wait()
        await answer(send, "ok")

    async with served(app, connections=2) as (server, port):
        for _ in range(2):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            working = len(server.server_state.tasks)
            assert await until(lambda before=working: len(server.server_state.tasks) > before)
            writer.close()
        assert await until(lambda: not server.server_state.connections)
        assert (await said(port, LAST)).startswith(b"HTTP/1.1 503 ")
        done.set()
        assert await until(lambda: not server.server_state.tasks)
        assert (await said(port, LAST)).startswith(b"HTTP/1.1 200 ")
