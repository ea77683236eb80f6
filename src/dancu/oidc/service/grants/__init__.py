"""What the token endpoint gives tokens for, one module per grant type. A module has `async def grant(call: Call) -> Answer`
and raises OAuthError."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from dancu.oidc.service.grants import (
    authorization_code,
    ciba,
    client_credentials,
    device_code,
    refresh_token,
    token_exchange,
)
from dancu.oidc.service.grants.call import Call
from dancu.oidc.service.issue import Answer

Handler = Callable[[Call], Awaitable[Answer]]

HANDLERS: Mapping[str, Handler] = {
    "authorization_code": authorization_code.grant,
    "refresh_token": refresh_token.grant,
    "client_credentials": client_credentials.grant,
    "urn:ietf:params:oauth:grant-type:device_code": device_code.grant,
    "urn:openid:params:grant-type:ciba": ciba.grant,
    "urn:ietf:params:oauth:grant-type:token-exchange": token_exchange.grant,
}

__all__ = ["HANDLERS", "Call", "Handler"]
