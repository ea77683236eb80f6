"""Parameters of a request: each at most once (RFC 6749 §3.1), bounded, text without control characters."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.kit.parameters import pairs
from dancu.oidc.service.errors import OAuthError, invalid_request

MOST_BYTES = 32 * 1024
_MOST_PARAMS = 60
_FORM = "application/x-www-form-urlencoded"
Params = dict[str, str]


def form_params(body: bytes, content_type: str) -> Params:
    """The parameters of an application/x-www-form-urlencoded body. Raises OAuthError invalid_request."""
    if content_type != _FORM and content_type.partition(";")[0].strip().lower() != _FORM:
        raise invalid_request("the body must be application/x-www-form-urlencoded")
    if len(body) > MOST_BYTES:
        raise OAuthError("invalid_request", "the request is too large", 413)
    try:
        found = pairs(body.decode("utf-8"), "strict") if body.count(b"&") <= _MOST_PARAMS else None
    except ValueError as error:
        raise invalid_request("the body cannot be read") from error
    if found is None or len(found) > _MOST_PARAMS:
        raise invalid_request("too many parameters")
    return once(found)


def once(given: Sequence[tuple[str, str]]) -> Params:
    """Raises OAuthError invalid_request for a parameter that comes twice or holds control characters. An empty parameter
    is one that was not sent (RFC 6749 §3.1). `resource` may come several times (RFC 8707): kept apart by spaces."""
    params: Params = dict(given)
    if len(params) == len(given) and "" not in params.values() and "".join(params.values()).isprintable():
        return params  # as nearly always
    params = {}
    for name, value in given:
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
