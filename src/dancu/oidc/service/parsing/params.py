"""Parameters of a request: each at most once (RFC 6749 §3.1), bounded, text without control characters."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote_plus

from dancu.oidc.service.errors import OAuthError, invalid_request

MOST_BYTES = 32 * 1024
_MOST_PARAMS = 60
Params = dict[str, str]


def form_params(body: bytes, content_type: str) -> Params:
    """The parameters of an application/x-www-form-urlencoded body. Raises OAuthError invalid_request."""
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise invalid_request("the body must be application/x-www-form-urlencoded")
    if len(body) > MOST_BYTES:
        raise OAuthError("invalid_request", "the request is too large", 413)
    try:
        pairs = [_pair(part) for part in body.decode("utf-8").split("&", _MOST_PARAMS) if part]
    except ValueError as error:
        raise invalid_request("the body cannot be read") from error
    if len(pairs) > _MOST_PARAMS:
        raise invalid_request("too many parameters")
    return once(pairs)


def _pair(part: str) -> tuple[str, str]:
    """Raises ValueError where the bytes behind the escapes are not text."""
    name, _, value = part.partition("=")
    return _plain(name), _plain(value)


def _plain(text: str) -> str:
    # Most of what is sent needs no decoding, and the library's look at every letter costs more than a signature.
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def once(pairs: Iterable[tuple[str, str]]) -> Params:
    """Raises OAuthError invalid_request for a parameter that comes twice or holds control characters. An empty parameter
    is one that was not sent (RFC 6749 §3.1). `resource` may come several times (RFC 8707): kept apart by spaces."""
    params: Params = {}
    for name, value in pairs:
        if not value.isprintable() and any((ch < " " and ch not in "\t\r\n") or ch == "\x7f" for ch in value):
            raise invalid_request("a parameter holds control characters")
        if value == "":
            continue
        if name in params:
            if name == "resource":
                params[name] = f"{params[name]} {value}"
                continue
            raise invalid_request("a parameter comes more than once")
        params[name] = value
    return params
