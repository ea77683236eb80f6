"""A program's own tokens: nobody signed in, nothing to release; the scopes its registration names."""

from __future__ import annotations

from dancu.oidc.models import AuthMethod
from dancu.oidc.policy import ACCESS_SECONDS
from dancu.oidc.service import issue, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.grants.call import Call


async def grant(call: Call) -> issue.Answer:
    provider, wire, client = call.provider, call.wire, call.client
    if client.auth_method is AuthMethod.NONE:
        raise OAuthError("unauthorized_client", "public clients have no credentials")
    call.demand_binding()
    call.details([])  # what needs a citizen's yes is not a program's own
    asked = tuple(dict.fromkeys(wire.params.get("scope", "").split())) or client.scopes
    if set(asked) - set(client.scopes):
        raise OAuthError("invalid_scope", "scope is not registered for this client")
    scope = " ".join(asked)
    if not await provider.minting.record((client.client_no, client.org_code, wire.request_id, scope, call.marks)):
        raise replayed()
    access = tokens.access_token(
        provider, wire.issuer, client, subject=client.client_id, scope=asked, jkt=call.jkt, x5t=call.x5t
    )
    kind = "DPoP" if call.jkt else "Bearer"
    return {"access_token": access, "token_type": kind, "expires_in": ACCESS_SECONDS, "scope": scope}
