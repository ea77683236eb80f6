"""Hot endpoints that let in no more than can be answered in time. The refusal is made before anything of the request is
read, from bytes made ready at the start: under a flood it is what the process does most.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.responses import Response
from starlette.types import Scope, Send

from dancu.kit.log import get_logger
from dancu.kit.metrics import REFUSED, REQUESTS
from dancu.kit.web.headers import RawHeaders, secure
from dancu.kit.web.incoming import Body

log = get_logger("dancu.web")
_LONGEST = 30  # seconds, of Retry-After
_SPREAD = 4  # those refused together come back over so many seconds more, not together again


@dataclass(frozen=True, slots=True)
class Bounded:
    """A shortcut behind the door. `headers` and `body` (JSON): the 503 in its protocol's words; Retry-After and the headers of
    every answer are added."""

    handler: Callable[[Request], Awaitable[Response]]
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, request: Request) -> Awaitable[Response]:
        return self.handler(request)


def ready_headers(bounded: Bounded, *, https: bool) -> RawHeaders:
    """What every refusal of this endpoint says, but when to come back and under which id."""
    headers = [(name.lower().encode(), value.encode()) for name, value in bounded.headers.items()]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(bounded.body)).encode())]
    secure(headers, secrets.token_urlsafe(16), https)
    return headers


async def refuse(bounded: Bounded, ready: RawHeaders, wait: float, scope: Scope, body: Body, send: Send) -> None:
    """503, with the seconds after which to try again. Counted, not logged one by one: see Refusals."""
    retry_after = min(_LONGEST, int(wait) + 1 + secrets.randbelow(_SPREAD))
    headers = [*ready, (b"retry-after", str(retry_after).encode()), (b"x-request-id", secrets.token_hex(12).encode())]
    if not await body.settle() and body.http1:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": bounded.body})
    REFUSED.labels("busy").inc()
    REQUESTS.refused(scope["method"], scope["path"], 503)


class Refusals:
    """A flood's refusals as one line every few seconds."""

    SECONDS = 5.0

    def __init__(self) -> None:
        self._count, self._said = 0, float("-inf")

    def one_more(self, now: float, *, inside: int, pace: float) -> None:
        self._count += 1
        if now - self._said >= self.SECONDS:
            log.warning("more asked than can be answered", refused=self._count, inside=inside, per_second=round(pace))
            self._count, self._said = 0, now
