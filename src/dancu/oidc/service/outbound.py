"""Calls from here to addresses that organisations registered. Such an address could name a machine inside our own network,
so the name is resolved once, every address it has is looked at, and the call goes to the very address that was checked."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 5.0
_MOST_BYTES = 64 * 1024


class Failed(Exception):
    """The call did not succeed; the text says why, without the address."""


async def call(
    method: str, url: str, *, form: Mapping[str, str] | None = None, json: Any = None, headers: Mapping[str, str] | None = None,
    local: bool = False,
) -> tuple[int, bytes]:  # fmt: skip
    """(status, body). Follows no redirect and reads 64 KiB at most. `local`: addresses of this machine are allowed (and
    plain http to them), for a demonstration. Raises Failed."""
    import httpx

    host, port, secure = _parts(url, local)
    address = await _checked(host, port, local)
    pinned = httpx.URL(url).copy_with(host=address)
    named = {**(headers or {}), "Host": httpx.URL(url).netloc.decode("ascii")}
    extensions = {"sni_hostname": host} if secure else {}
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client:
            async with asyncio.timeout(2 * _SECONDS), client.stream(method, pinned, data=form, json=json, headers=named, extensions=extensions) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise Failed("the answer is too large")
                return answer.status_code, body
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise Failed(type(error).__name__) from error


def _parts(url: str, local: bool) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Failed("not an address") from error
    if not host or parts.username is not None or parts.scheme not in (("https", "http") if local else ("https",)):
        raise Failed("not an address that may be called")
    return host, port or (443 if parts.scheme == "https" else 80), parts.scheme == "https"


async def _checked(host: str, port: int, local: bool) -> str:
    """The first address of a name, once all of them were found to be public ones. Raises Failed."""
    try:
        found = await asyncio.wait_for(
            asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP), _SECONDS
        )
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Failed("the name is not known") from error
    addresses = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
    if not addresses or not all(_allowed(address, local) for address in addresses):
        raise Failed("the address is not a public one")
    return addresses[0]


def _allowed(text: str, local: bool) -> bool:
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    address = mapped or address
    if local and address.is_loopback:
        return True
    return address.is_global and not address.is_multicast and not address.is_reserved
