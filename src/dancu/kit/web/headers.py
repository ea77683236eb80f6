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
_HTTPS: RawHeaders = [*_ALWAYS, (b"strict-transport-security", b"max-age=31536000; includeSubDomains")]
_CSP = b"content-security-policy"
_OURS = frozenset({_CSP, *dict(_HTTPS)})
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NAME = itemgetter(0)


def secure(headers: RawHeaders, nonce: str, https: bool) -> None:
    """Add to an answer's raw headers what it does not state itself."""
    ours = [(_CSP, _POLICY.replace("{nonce}", nonce).encode()), *(_HTTPS if https else _ALWAYS)]
    if not _OURS.isdisjoint(map(_NAME, headers)):
        stated = dict(headers)
        ours = [header for header in ours if header[0] not in stated]
    headers += ours


def put(headers: RawHeaders, name: bytes, value: bytes) -> None:
    """Say `name` so in an answer's raw headers, in place of what was said; it stands there once at most."""
    names = [*map(_NAME, headers)]
    if name in names:
        headers[names.index(name)] = (name, value)
    else:
        headers.append((name, value))
