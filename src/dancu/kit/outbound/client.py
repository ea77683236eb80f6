"""Calls to allowed addresses, each connection made to an address that was checked."""

from __future__ import annotations

import asyncio
import ipaddress
import json as _json
import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dancu.kit.outbound.rules import Rules, public, target

if TYPE_CHECKING:
    import ssl

    import httpcore

_SECONDS = 5.0
_MOST_BYTES = 64 * 1024
_RESOLVE_SECONDS = 3.0


class Failed(Exception):
    """The call did not succeed. `code` is one of outbound.not_allowed, .not_public, .unresolved, .unreachable, .timeout,
    .too_large, .broken; neither it nor the text names the address."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def refused(self) -> bool:
        """We refused to call, so another try will not help."""
        return self.code in ("outbound.not_allowed", "outbound.not_public")


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case. A redirect is an answer like others: it is not followed."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """ValueError where the body is no JSON."""
        try:
            return _json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


class Outbound:
    """Connections to what `rules` allow, `most_connections` at once; whoever comes when all are busy waits within their own time
    limit. Each call has a connection of its own: who answers twice would otherwise answer the next question too. Use as a context
    manager or `close()` it."""

    def __init__(self, rules: Rules, *, most_connections: int = 10, tls: ssl.SSLContext | None = None) -> None:
        self._rules, self._most, self._tls = rules, most_connections, tls
        self._pool: httpcore.AsyncConnectionPool | None = None
        # The loop's own threads serve everybody: a name server that hangs must not take them all.
        self._resolver = ThreadPoolExecutor(2, thread_name_prefix="outbound-names")

    async def __aenter__(self) -> Outbound:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()
            self._pool = None
        self._resolver.shutdown(wait=False, cancel_futures=True)

    def allows(self, url: str) -> bool:
        """May this address be called, as far as its text tells? (For a form in which somebody registers it.)"""
        found = target(url)
        return found is not None and self._rules.of(*found) is not None

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None,
        form: Mapping[str, str] | None = None, json: Any = None, seconds: float = _SECONDS, most_bytes: int = _MOST_BYTES,
    ) -> Answer:  # fmt: skip
        """The answer, whatever its status. `seconds` for the whole of it, from the name to the last byte; more than
        `most_bytes` of body is refused. Raises Failed."""
        import httpcore

        found = target(url)
        if found is None or self._rules.of(*found) is None:
            raise Failed("outbound.not_allowed", "not an address that may be called")
        sent = {"user-agent": "dancu", "accept-encoding": "identity", **{name.lower(): value for name, value in (headers or {}).items()}}
        sent["connection"] = "close"
        if form is not None:
            content, sent["content-type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        elif json is not None:
            content = _json.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()
            sent.setdefault("content-type", "application/json")
        try:
            async with asyncio.timeout(seconds):
                async with self._connections().stream(method, url, headers=list(sent.items()), content=content) as answer:
                    body = bytearray()
                    async for part in answer.aiter_stream():
                        body += part
                        if len(body) > most_bytes:
                            raise Failed("outbound.too_large", "the answer is too large")
                    got = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                    return Answer(answer.status, got, bytes(body))
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise Failed("outbound.timeout", "no answer in time") from error
        except httpcore.NetworkError as error:
            raise Failed("outbound.unreachable", "no connection") from error
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError, TypeError) as error:
            raise Failed("outbound.broken", f"not understood: {type(error).__name__}") from error

    def _connections(self) -> httpcore.AsyncConnectionPool:
        import httpcore

        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=self._tls, max_connections=self._most, network_backend=self._backend()
            )
        return self._pool

    def _backend(self) -> httpcore.AsyncNetworkBackend:
        import httpcore

        outer = self

        class Checked(httpcore.AsyncNetworkBackend):
            """Names are looked up here, once per connection; TLS above still asks for a certificate of the name."""

            def __init__(self) -> None:
                self._plain = httpcore.AnyIOBackend()

            async def connect_tcp(
                self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                socket_options: Iterable[Any] | None = None,
            ) -> httpcore.AsyncNetworkStream:  # fmt: skip
                failure: Exception | None = None
                for address in await outer._addresses(host, port):
                    try:
                        return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
                    except httpcore.NetworkError as error:
                        failure = error
                raise Failed("outbound.unreachable", "no connection") from failure

            async def sleep(self, seconds: float) -> None:
                await self._plain.sleep(seconds)

        return Checked()

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Every address of a name, once all of them were found to be such as may be called. Raises Failed."""
        rule = self._rules.of("https", host, port) or self._rules.of("http", host, port)
        if rule is None:
            raise Failed("outbound.not_allowed", "not an address that may be called")
        try:
            found = [str(ipaddress.ip_address(host))]
        except ValueError:
            found = await self._resolve(host, port)
        if not found or not (rule.inside or all(public(address) for address in found)):
            raise Failed("outbound.not_public", "the address is not a public one")
        return found

    async def _resolve(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            rows = await asyncio.wait_for(
                loop.run_in_executor(self._resolver, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)), _RESOLVE_SECONDS
            )
        except (OSError, UnicodeError, TimeoutError) as error:
            raise Failed("outbound.unresolved", "the name is not known") from error
        return list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows))
