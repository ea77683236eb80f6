"""Security headers of every answer."""

from __future__ import annotations

from operator import itemgetter

RawHeaders = list[tuple[bytes, bytes]]

_ALWAYS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(), microphone=(), payment=(), usb=()"),
    # Pages are not kept by default: they show people's data.
    (b"cache-control", b"no-store"),
]
_NAMES = frozenset(name for name, _ in _ALWAYS)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NAME = itemgetter(0)


def secure(headers: RawHeaders, *, nonce: str, https: bool) -> None:
    """Add to an answer's raw headers what it does not state itself."""
    stated = dict(headers)
    if b"content-security-policy" not in stated:
        headers.append((b"content-security-policy", _POLICY.replace("{nonce}", nonce).encode()))
    headers.extend(_ALWAYS if _NAMES.isdisjoint(stated) else [header for header in _ALWAYS if header[0] not in stated])
    if https and _HSTS[0] not in stated:
        headers.append(_HSTS)


def put(headers: RawHeaders, name: bytes, value: bytes) -> None:
    """Say `name` so in an answer's raw headers, in place of what was said; it stands there once at most."""
    names = [*map(_NAME, headers)]
    if name in names:
        headers[names.index(name)] = (name, value)
    else:
        headers.append((name, value))
