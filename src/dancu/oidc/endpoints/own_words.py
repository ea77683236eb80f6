"""What is refused or fails outside an endpoint for programs (too large a body, another method, a flood, a fault of ours), in the words
of the RFCs: who calls it reads `error`, whatever `Accept` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dancu.kernel.errors import DancuError
from dancu.kit.web import Request, Response
from dancu.oidc.endpoints import backchannel, device, introspect, linking, par, revoke, token, userinfo
from dancu.oidc.endpoints.wire import json_answer
from dancu.oidc.service.errors import OAuthError


def refusal(request: Request, error: DancuError, status: int, headers: Mapping[str, str]) -> Response:
    """RFC 6749 §5.2, and `server_error`, `temporarily_unavailable` of §4.1.2.1. `request` keeps the code of ours for the log."""
    said = _said(status)
    return json_answer(OAuthError(said[0], said[1]).body(), status, {"Cache-Control": "no-store", "Pragma": "no-cache", **headers})


def _said(status: int) -> tuple[str, str]:
    match status:
        case 413:
            return "invalid_request", "the request is too large"
        case 405:
            return "invalid_request", "this address does not take this method"
        case 429:
            return "temporarily_unavailable", "too many requests"
        case 503:
            return "temporarily_unavailable", "try again later"
        case status if status >= 500:
            return "server_error", "this server failed, nothing was kept"
    return "invalid_request", "the request cannot be read"


OWN_WORDS: dict[str, Callable[[Request, DancuError, int, Mapping[str, str]], Response]] = dict.fromkeys(
    (one.PATH for one in (backchannel, device, introspect, linking, par, revoke, token, userinfo)), refusal
)
