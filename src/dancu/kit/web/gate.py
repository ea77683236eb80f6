"""Refused at the door, before any handler: a host name that is not ours, and too many requests."""

from __future__ import annotations

import re
from functools import lru_cache

from fastapi import Request

from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.authn.throttle import network_of
from dancu.kit.limits import TokenBuckets
from dancu.kit.metrics import REFUSED
from dancu.kit.web.errors import TooMany
from dancu.kit.web.session import token_of
from dancu.kit.web.settings import WebSettings


class Gate:
    def __init__(self, settings: WebSettings) -> None:
        self._trusted = settings.trusted_proxies
        self._hosts = frozenset(host.lower() for host in settings.hosts)
        self._by_ip = TokenBuckets(settings.ip_rate)
        self._by_session = TokenBuckets(settings.session_rate)

    def refusal(self, request: Request) -> DancuError | None:
        """Why this request is not let in; None when it is."""
        if host_name(request.headers.get("host", "")) not in self._hosts and "*" not in self._hosts:
            REFUSED.labels("host").inc()
            return Invalid("request.host", "Tên máy chủ trong yêu cầu không phải của hệ thống này.")
        wait = self._by_ip.take(network_of(client_ip(request, self._trusted)))
        if (token := token_of(request)) and not wait:
            wait = self._by_session.take(token)
        if wait:
            REFUSED.labels("rate").inc()
            return TooMany(wait)
        return None


_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII)


@lru_cache(64)
def host_name(header: str) -> str:
    """The Host header without its port: "dancu.vn:8080" -> "dancu.vn", "[::1]:80" -> "::1". "" for anything else: what
    is not a name and a port ("dancu.vn:1/api/?") would be read as part of the address further in."""
    found = _HOST.fullmatch(header)
    return (found["v6"] or found["name"]).lower() if found else ""


def client_ip(request: Request, trusted: frozenset[str]) -> str:
    """The address of who asks. X-Forwarded-For is believed only from our own proxies, read from the right:
    what stands further left the client could have written itself."""
    client = request.scope.get("client")
    address: str = client[0] if client else ""
    if address not in trusted:
        return address
    for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        if (hop := hop.strip()) and hop not in trusted:
            return hop
    return address
