"""What of a request the endpoints look at, taken from it once."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wire:
    """`issuer`: our own address as the caller knows it; `path`, `method`: the endpoint called; `certificate`: DER of the
    caller's TLS certificate where a trusted proxy vouches for it; `dpop`: the DPoP headers, all of them; `front`: the
    address where callers show certificates, "" where there is none of its own (RFC 8705 §5)."""

    issuer: str
    method: str
    path: str
    params: dict[str, str] = field(repr=False)
    authorization: str = field(default="", repr=False)
    dpop: tuple[str, ...] = field(default=(), repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    request_id: str = ""
    front: str = ""

    @property
    def url(self) -> str:
        return self.issuer + self.path
