"""The little of a browser that a journey needs: one kept connection, cookies, forms. It runs on the cores of what it measures, so it
is as small as can be: a whole HTTP client takes more of them, and of their caches, than all the servers together."""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

_FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(frozen=True)
class Answer:
    """`path`: what was asked for. `location`: where it leads, empty where it is a page."""

    status: int
    path: str
    location: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return orjson.loads(self.body)


class Browser:
    """Answers asked for over one connection, compressed as a browser asks for them; cookies are kept and sent back, whatever their
    attributes say."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._at, self._host = (parts.hostname or "", parts.port or 80), parts.netloc
        self._cookies: dict[str, str] = {}
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def __aenter__(self) -> Browser:
        await asyncio.get_running_loop().sock_connect(self._socket, self._at)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self._ask("GET", path, "", headers or {})

    async def post(self, path: str, data: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        return await self._ask("POST", path, urlencode(data, doseq=True), headers or {})

    async def _ask(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        cookies = f"Cookie: {'; '.join(f'{name}={value}' for name, value in self._cookies.items())}\r\n" if self._cookies else ""
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        form = f"{_FORM}Content-Length: {len(body)}\r\n" if method == "POST" else ""
        loop = asyncio.get_running_loop()
        request = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept-Encoding: gzip\r\n{cookies}{form}{more}\r\n{body}"
        await loop.sock_sendall(self._socket, request.encode())
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += await self._more(loop)
        head = [line.partition(": ") for line in got[:end].decode("latin-1").split("\r\n")[1:]]
        said = {name.lower(): value for name, _, value in head}
        for name, _, value in head:
            if name.lower() == "set-cookie":
                kept, _, cookie = value.partition(";")[0].partition("=")
                self._cookies[kept] = cookie
        body_at, length = end + 4, int(said["content-length"])
        while len(got) < body_at + length:
            got += await self._more(loop)
        answered = got[body_at:]
        if said.get("content-encoding") == "gzip":
            answered = zlib.decompress(answered, 31)
        return Answer(int(got[9:12]), path, said.get("location", ""), answered)

    async def _more(self, loop: asyncio.AbstractEventLoop) -> bytes:
        data = await loop.sock_recv(self._socket, 65536)
        if not data:
            raise SystemExit("the server hung up")
        return data
