"""What the web edge needs to know about its deployment. Filled by the program's settings; nothing here reads
the environment."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.kit.limits import Rate

_MIN_SECRET = 32
# An office behind one address shares the first; a person with a queue waiting does not reach the second.
IP_RATE = Rate(100.0, 300.0)
SESSION_RATE = Rate(20.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """`secret` keys the CSRF tokens (at least 32 bytes, the same after a restart, or open forms break).

    `hosts`: names this service answers to, without port. `https`: the outside address is https, so cookies
    are Secure and HSTS is sent. `trusted_proxies`: addresses whose X-Forwarded-For is believed. `max_body`:
    bytes of a request's body unless a route states its own (`max_body_size=`). `metrics_token`: with it /metrics is
    read, without one there is no such page. `hotline`: the number citizens call, on every page of theirs. `living_page`: serve /kit, the page of all components (demo and
    development).
    """

    secret: bytes
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    https: bool = False
    demo: bool = False
    living_page: bool = False
    trusted_proxies: frozenset[str] = frozenset()
    max_body: int = 1024 * 1024
    ip_rate: Rate = IP_RATE
    session_rate: Rate = SESSION_RATE
    metrics_token: str = ""
    hotline: str = ""

    def __post_init__(self) -> None:
        if len(self.secret) < _MIN_SECRET:
            raise ValueError(f"the web secret needs at least {_MIN_SECRET} bytes")
