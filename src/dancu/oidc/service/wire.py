"""What of a request the endpoints look at, taken from it once."""

from __future__ import annotations

from typing import NamedTuple


class Wire(NamedTuple):
    """`issuer`: our own address as the caller knows it; `path`, `method`: the endpoint called; `certificate`: DER of the
    caller's TLS certificate where a trusted proxy vouches for it; `dpop`: the DPoP headers, all of them; `front`: the
    address where callers show certificates, "" where there is none of its own (RFC 8705 §5)."""

    issuer: str
    method: str
    path: str
    params: dict[str, str]
    authorization: str = ""
    dpop: tuple[str, ...] = ()
    certificate: bytes | None = None
    request_id: str = ""
    front: str = ""

    def __repr__(self) -> str:
        return f"Wire({self.method} {self.path}, {self.request_id})"  # the rest is secret

    @property
    def url(self) -> str:
        return self.issuer + self.path
