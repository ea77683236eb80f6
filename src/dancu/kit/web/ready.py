"""Answers that are known when they are made."""

from __future__ import annotations

from starlette.responses import Response

from dancu.kit.web.headers import RawHeaders


class Ready(Response):
    """An answer of these bytes and raw headers, and their length: the framework would look at each of them for what is missing."""

    def __init__(self, body: bytes, status: int, headers: RawHeaders) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [*headers, (b"content-length", b"%d" % len(body))]
