"""The one way out: what may be called, what is called, and what comes back."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from dancu.kit import outbound
from dancu.kit.outbound import Failed, Outbound, rules
from dancu.kit.outbound.rules import public, target

Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


class Partner:
    """A machine of somebody else's that answers as told."""

    def __init__(self) -> None:
        self.replies: list[bytes] = []
        self.asked: list[bytes] = []
        self.wait = 0.0

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        await asyncio.sleep(self.wait)
        writer.write(self.replies.pop(0) if self.replies else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()


@pytest_asyncio.fixture
async def partner() -> AsyncIterator[Partner]:
    made = Partner()
    await made.start()
    yield made
    made.server.close()


async def _code(out: Outbound, url: str, **kwargs: object) -> str:
    with pytest.raises(Failed) as failed:
        await out.call("GET", url, **kwargs)  # type: ignore[arg-type]
    return failed.value.code


async def test_only_what_the_list_names_is_called(partner: Partner) -> None:
    async with Outbound(rules(f"inside:127.0.0.1:{partner.port}")) as out:
        answer = await out.call("GET", partner.url + "/a?b=1", headers={"X-Case": "7"})
        assert (answer.status, answer.body) == (200, b"ok")
        assert b"GET /a?b=1 HTTP/1.1" in partner.asked[0] and f"Host: 127.0.0.1:{partner.port}".encode().lower() in partner.asked[0].lower()
        for other in (f"http://127.0.0.1:{partner.port + 1}", f"http://localhost:{partner.port}", "http://10.0.0.1/", "https://example.com/"):
            assert await _code(out, other) == "outbound.not_allowed"
    async with Outbound(rules("")) as closed:
        assert await _code(closed, "https://example.com/") == "outbound.not_allowed"


@pytest.mark.parametrize(
    "url",
    ["ftp://a.vn/", "file:///etc/passwd", "//a.vn", "", "https://", "https://u:p@a.vn/", "https://a.vn@b.vn/", "https://a.vn:99999/", "https://a.vn/#x",
     "https://a.vn\\@b.vn/", "https://a.vn/\r\nHost: b", "https://[::1", "https://ạ.vn/", "http://[fe80::1%25eth0]/"],
)  # fmt: skip
async def test_what_is_no_address_is_refused(url: str) -> None:
    async with Outbound(rules("*, inside:a.vn:443, inside:b.vn:443")) as out:
        assert target(url) is None
        assert not out.allows(url)
        assert await _code(out, url) == "outbound.not_allowed"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1",
     "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"],
)  # fmt: skip
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not public(address)


def test_public_addresses_are() -> None:
    assert all(public(address) for address in ("1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::101:101"))


async def test_a_name_that_leads_inside_is_refused_also_when_one_of_its_addresses_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*addresses: str) -> None:
        rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: rows)

    async with Outbound(rules("*")) as out:
        for found in (("127.0.0.1",), ("1.1.1.1", "10.0.0.1"), ("169.254.169.254",), ("::ffff:127.0.0.1",)):
            answers(*found)
            assert await _code(out, "https://evil.example/") == "outbound.not_public"


async def test_the_address_that_was_checked_is_the_one_called(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers otherwise the second time gains nothing: there is no second time."""
    asked: list[str] = []

    def answer(host: str, *a: object, **k: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if len(asked) == 1 else "10.9.9.9", partner.port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    async with Outbound(rules(f"inside:ministry.example:{partner.port}")) as out:
        assert (await out.call("GET", f"http://ministry.example:{partner.port}/")).body == b"ok"
    assert asked == ["ministry.example"]
    assert b"host: ministry.example" in partner.asked[0].lower()


async def test_redirects_are_answers_not_orders(partner: Partner) -> None:
    partner.replies.append(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    async with Outbound(rules(f"inside:127.0.0.1:{partner.port}")) as out:
        answer = await out.call("GET", partner.url)
    assert answer.status == 302 and len(partner.asked) == 1


async def test_slow_large_and_broken_answers_are_bounded(partner: Partner) -> None:
    async with Outbound(rules(f"inside:127.0.0.1:{partner.port}, inside:127.0.0.1:1")) as out:
        partner.wait = 2.0
        began = time.monotonic()
        assert await _code(out, partner.url, seconds=0.2) == "outbound.timeout"
        assert time.monotonic() - began < 1.0
        partner.wait = 0.0
        partner.replies.append(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\nConnection: close\r\n\r\n" + b"x" * 100_001)
        assert await _code(out, partner.url, most_bytes=100_000) == "outbound.too_large"
        partner.replies.append(b"what?\r\n\r\n")
        assert await _code(out, partner.url) == "outbound.broken"
        assert await _code(out, "http://127.0.0.1:1/") == "outbound.unreachable"
        assert (await out.call("GET", partner.url)).body == b"ok"


async def test_a_busy_pool_makes_only_its_own_callers_wait(partner: Partner) -> None:
    allowed = rules(f"inside:127.0.0.1:{partner.port}")
    partner.wait = 0.6
    async with Outbound(allowed, most_connections=1) as slow, Outbound(allowed, most_connections=1) as other:
        first = asyncio.create_task(slow.call("GET", partner.url))
        await asyncio.sleep(0.1)
        assert await _code(slow, partner.url, seconds=0.2) == "outbound.timeout"
        partner.wait = 0.0
        assert (await other.call("GET", partner.url, seconds=0.3)).status == 200
        assert (await first).status == 200


@pytest.mark.parametrize("entry", ["https://a.vn", "a.vn/path", "u@a.vn", "a*.vn", "*a.vn", "inside:*", "inside:*.vn", "a.vn:x", "inside:", ":443"])
def test_a_list_that_cannot_be_read_opens_nothing(entry: str) -> None:
    with pytest.raises(ValueError, match="outbound list"):
        rules(entry)


def test_the_list_knows_names_below_ports_and_the_inside() -> None:
    known = rules("api.a.vn, *.b.vn:8443, inside:10.0.0.5:8101")
    assert known.of("https", "api.a.vn", 443) and not known.of("http", "api.a.vn", 443) and not known.of("https", "api.a.vn", 444)
    assert known.of("https", "x.y.b.vn", 8443) and not known.of("https", "b.vn", 8443) and not known.of("https", "evilb.vn", 8443)
    assert known.of("http", "10.0.0.5", 8101) and not known.of("https", "c.vn", 443)
    assert rules("*").of("https", "any.vn", 443) and not rules("*").of("http", "any.vn", 80)
    assert rules("*:*").of("https", "any.vn", 8443) and not rules("*").of("https", "any.vn", 8443)
    assert (rules("a.vn") + rules("b.vn")).of("https", "b.vn", 443)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    found = target(text)
    assert found is None or found[0] in ("http", "https")
    assert isinstance(outbound.rules("*").of(*found) if found else None, (outbound.Rule, type(None)))
