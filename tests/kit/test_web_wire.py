"""What goes over the wire, seen by a client that keeps its connection: heads, refusals before the body was read."""

import asyncio
import io
import json
import logging
import uuid
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

import psycopg
import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import empty_receive

from dancu.kit import log
from dancu.kit import server as http
from dancu.kit.parameters import pairs
from dancu.kit.web import JSONResponse, Request, Response, public, see_other, start_session
from dancu.kit.web.asked import Asked
from dancu.kit.web.cookies import give
from dancu.kit.web.door import Bounded
from dancu.kit.web.incoming import Body
from dancu.kit.web.session import end_session

from .web import client, make_app

LOOKS: list[str] = []


async def _looked(request: Request) -> Response:
    LOOKS.append(request.method)
    return JSONResponse({"text": "x" * 3000})


def _router() -> APIRouter:
    router = APIRouter(dependencies=[public()])

    router.add_api_route("/looked", _looked)

    @router.post("/form", dependencies=[public()], max_body_size=1000)
    async def form(request: Request) -> Response:
        return Response(str(len(await request.body())))

    @router.get("/enter")
    async def enter(request: Request) -> Response:
        answer = see_other("/")
        start_session(request, answer, "staff-token")
        return answer

    @router.get("/leave")
    async def leave(request: Request) -> Response:
        answer = see_other("/")
        end_session(request, answer)
        return answer

    @router.post("/api/hot", dependencies=[public(machine=True)])
    async def hot(request: Request) -> Response:
        return Response("routed")

    return router


@asynccontextmanager
async def served(shortcuts=None):
    """The port of the application under the real server."""
    open_here = http.listening("127.0.0.1", 0)
    application = make_app(_router())
    application.state.shortcuts = shortcuts or {}
    server = http.server(application)
    running = asyncio.create_task(server.serve([open_here]))
    port = open_here.getsockname()[1]
    try:
        yield port
    finally:
        server.stop()
        await asyncio.wait_for(running, 10)


class Wire:
    """One connection of a client that keeps it."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def ask(self, start: str, *headers: str, body: bytes = b"", host: str = "localhost"):
        """Status, headers and body of the answer; the body is not read after a HEAD."""
        head = "\r\n".join([f"{start} HTTP/1.1", f"Host: {host}", *headers, "", ""])
        self.writer.write(head.encode() + body)
        lines = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode().split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        wanted = 0 if start.startswith("HEAD") else int(found.get("content-length", 0))
        return int(lines[0].split()[1]), found, await self.reader.readexactly(wanted)


@asynccontextmanager
async def wire(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@pytest.mark.parametrize("shortcuts", [{}, {("GET", "/looked"): _looked}])
async def test_head_answers_as_get_does_without_a_body(shortcuts):
    LOOKS.clear()
    async with served(shortcuts) as port, wire(port) as one:
        status, headers, _ = await one.ask("HEAD /looked")
        # Were there a body after all, it would be read as the beginning of the next answer.
        got, get_headers, body = await one.ask("GET /looked")
    assert (status, got) == (200, 200)
    assert headers["content-length"] == get_headers["content-length"] == str(len(body))
    assert headers["content-type"] == "application/json"
    assert LOOKS == ["GET", "GET"]  # whoever asks for the head of a look has looked: it is recorded the same


async def test_head_of_nothing_and_of_a_form():
    async with client(make_app(_router())) as browser:
        missing = await browser.head("/nowhere")
        assert (missing.status_code, missing.content) == (404, b"")
        assert (await browser.head("/form")).status_code == 405
        assert (await browser.head("/healthz")).status_code == 200


async def test_a_short_body_nobody_read_does_not_spoil_the_next_request():
    async with served() as port, wire(port) as one:
        body = b"GET /evil HTTP/1.1\r\n\r\n" * 20
        status, headers, _ = await one.ask("POST /form", f"Content-Length: {len(body)}", body=body, host="evil.example")
        assert (status, "connection" in headers) == (400, False)
        assert (await one.ask("GET /healthz"))[0] == 200


@pytest.mark.parametrize("path", ["/form", "/api/nowhere"])
async def test_a_long_body_nobody_read_ends_the_connection_and_says_so(path):
    async with served() as port, wire(port) as one:
        size = 20_000_000  # stated, and only its beginning sent
        status, headers, _ = await one.ask(f"POST {path}", f"Content-Length: {size}", "Content-Type: text/x", body=b"x" * 300_000)
        assert status in (403, 404, 413)
        assert headers["connection"] == "close"
        assert await asyncio.wait_for(one.reader.read(), 10) == b""


async def _length(request: Request) -> Response:
    return Response(str(len(await request.body())))


HOT = ({("POST", "/api/hot"): _length}, {("POST", "/api/hot"): Bounded(_length, b"{}")})


@pytest.mark.parametrize("shortcuts", [{}, *HOT])
async def test_too_large_a_body_is_refused_from_its_head_alone(shortcuts):
    """Nobody waits for it, on the short way neither: a body that is given up for its pace is so after half a minute."""
    path = "/api/hot" if shortcuts else "/form"
    async with served(shortcuts) as port, wire(port) as one:
        status, headers, body = await one.ask(f"POST {path}", "Content-Length: 50000000000", "Accept: application/json")
        assert (status, headers["connection"], json.loads(body)["code"]) == (413, "close", "request.too_large")
        assert await asyncio.wait_for(one.reader.read(), 10) == b""


@pytest.mark.parametrize("shortcuts", HOT)
async def test_a_body_in_pieces_is_read_as_far_as_it_may_be_long(shortcuts):
    async with served(shortcuts) as port, wire(port) as one:
        assert (await one.ask("POST /api/hot", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))[::2] == (200, b"5")
        piece = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        status, headers, _ = await one.ask("POST /api/hot", "Transfer-Encoding: chunked", "Accept: application/json", body=piece * 20)
        assert (status, headers["connection"]) == (413, "close")


async def test_who_sends_all_of_a_long_body_before_reading_hears_the_refusal():
    async with served() as port, wire(port) as one:
        status, headers, _ = await one.ask("POST /form", "Content-Length: 9000000", "Content-Type: text/x", body=b"x" * 9_000_000)
        assert (status, headers["connection"]) == (413, "close")
        one.writer.write(b"and more")
        assert await asyncio.wait_for(one.reader.read(), 10) == b""


async def test_who_asks_before_sending_is_answered_before_sending():
    async with served() as port, wire(port) as one:
        status, headers, _ = await one.ask("POST /form", "Content-Length: 5000", "Expect: 100-continue", host="evil.example")
        assert (status, headers["connection"]) == (400, "close")


async def test_a_value_the_database_refuses_is_no_error_of_ours():
    """Also on the short way, where no framework stands between the failure and the envelope."""

    async def refused(request: Request) -> Response:
        raise psycopg.DataError("a NUL in 049190012345")

    async def away(request: Request) -> Response:
        raise psycopg.OperationalError("gone")

    class NotSequenced(psycopg.DatabaseError):
        sqlstate = "DA001"

    async def silent(request: Request) -> Response:
        raise NotSequenced("evidence log is not being sequenced")

    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    log.configure(json=True, stream=stream)
    try:
        answers = []
        for handler in (refused, away, silent):
            application = make_app(_router())
            application.state.shortcuts = {("POST", "/api/hot"): handler}
            async with client(application) as program:
                answers.append((await program.post("/api/hot", content=b"{}")).status_code)
    finally:
        logging.getLogger().handlers[0].flush()
        logging.getLogger().handlers[:], logging.getLogger().level = before
    assert answers == [422, 503, 503]
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines if line["logger"] == "dancu.web"] == ["info", *["warning", "info"] * 2]
    assert "049190012345" not in stream.getvalue()


@pytest.mark.parametrize("given", ["049190012345", "0491900123450491", "00000000-0000-4000-8000-049190012345", "case-049190012345", "a" * 31])
async def test_a_request_id_cannot_carry_a_number(given):
    async with client(make_app(_router())) as browser:
        answer = await browser.get("/looked", headers={"X-Request-Id": given})
    assert "049190012345" not in answer.headers["x-request-id"]
    assert answer.headers["x-request-id"] != given


@pytest.mark.parametrize("given", ["4bf92f3577b34da6a3ce929d0e0e4736", str(uuid.UUID("6f1d3a52-9c1e-4b7a-8d2f-a1b2c3d4e5f6")), "6F1D3A52-9C1E-4B7A-8D2F-A1B2C3D4E5F6"])
async def test_a_clients_own_id_is_kept(given):
    async with client(make_app(_router())) as browser:
        assert (await browser.get("/looked", headers={"X-Request-Id": given})).headers["x-request-id"] == given


async def test_cookies_of_authority_bear_the_hosts_prefix_under_https():
    async with client(make_app(_router(), https=True)) as browser:
        entered = await browser.get("/enter")
        assert entered.headers["set-cookie"].startswith("__Host-dancu_session=staff-token;")
        for demand in ("Secure", "Path=/", "HttpOnly"):
            assert demand in entered.headers["set-cookie"]
        assert "Domain" not in entered.headers["set-cookie"]


@pytest.mark.parametrize(("host", "name"), [("localhost", "dancu_session"), ("localhost:8700", "dancu_session_8700"), ("[::1]:8701", "dancu_session_8701")])
async def test_over_http_the_name_tells_ports_apart(host, name):
    async with client(make_app(_router())) as browser:
        entered = await browser.get("/enter", headers={"Host": host})
        assert entered.headers["set-cookie"].startswith(f"{name}=staff-token;")


async def test_signing_out_clears_what_the_browser_kept():
    for https in (False, True):
        async with client(make_app(_router(), https=https)) as browser:
            left = await browser.get("/leave")
            assert left.headers["clear-site-data"] == '"cache"', "the keys of the device outlive a session"
            assert "Max-Age=0" in left.headers["set-cookie"]
            assert left.headers["set-cookie"].startswith("__Host-" if https else "dancu_session")


@given(st.lists(st.sampled_from([*"ab%&=+;/ÿé2C3A9", "%2F", "%3A", "%3a", "%C3", "%A9", "%25"]), max_size=30).map("".join) | st.text(max_size=20))
def test_a_query_is_taken_apart_as_the_library_does(query):
    assert pairs(query) == parse_qsl(query, keep_blank_values=True)


def test_a_cookie_that_would_need_quoting_is_none_of_ours():
    with pytest.raises(ValueError, match="value"):
        give(Response(), "a", "b; Domain=elsewhere.vn", secure=True)


@given(st.lists(st.text('ab=;, "\\\t\xa0é1', max_size=14), max_size=3))
def test_cookies_and_headers_are_what_the_library_finds(cookies):
    headers = [(b"host", b"a.vn"), (b"accept", b"text/html"), *((b"cookie", one.encode("latin-1")) for one in cookies), (b"accept", b"")]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    ours, theirs = Asked(dict(scope), Body(scope, empty_receive)), Request(dict(scope))
    assert ours.cookies == theirs.cookies
    for name in ("host", "accept", "cookie", "x-none"):
        assert (ours.headers.get(name), ours.headers.getlist(name)) == (theirs.headers.get(name), theirs.headers.getlist(name))
    assert ours.headers == theirs.headers
