"""A refresh token becomes new tokens. Where it rotates, a token that was replaced and comes again was copied, and the
family ends; but for a moment the one before is answered again to whoever proves to be the same client or key, for an
answer may have got lost on the way."""

from __future__ import annotations

from dancu.oidc.models import AuthMethod
from dancu.oidc.policy import GRACE_SECONDS
from dancu.oidc.service import issue, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.errors import OAuthError, invalid_grant
from dancu.oidc.service.grants.call import Call
from dancu.oidc.store import families

_WORDS = {
    "ended": "the refresh token was revoked",
    "expired": "the refresh token is expired",
    "locked": "the account is not in use",
    "unbound": "the refresh token is bound to another key",
    "reused": "the refresh token was used before; everything issued from it ended",
}


async def grant(call: Call) -> issue.Answer:
    provider, wire, client = call.provider, call.wire, call.client
    found = tokens.read_refresh_token(provider.sealer, call.param("refresh_token"))
    if found is None or found[0].client_no != client.client_no:
        raise invalid_grant("the refresh token is not known")
    call.demand_binding()
    handle, generation = found
    # A public client without a key proves nothing: whoever holds the token looks like it.
    known = client.auth_method is not AuthMethod.NONE or call.proof is not None
    async with provider.connect() as conn, conn.transaction():
        word, family = await families.refresh(
            conn, call.marks, handle.person_key, handle.family_id, generation, client.client_no, org_code=client.org_code,
            jkt=call.jkt, x5t=call.x5t, rotate=client.rotates, grace=GRACE_SECONDS if known else 0, request_id=wire.request_id,
        )  # fmt: skip
    if word == "replayed":
        raise replayed()
    if family is None:
        raise invalid_grant(_WORDS.get(word, "the refresh token is not known"))
    narrowed = wire.params.get("scope", "")
    if set(narrowed.split()) - set(family.scope):
        raise OAuthError("invalid_scope", "scope is wider than what was granted")
    return issue.answer(provider, wire.issuer, client, family, narrowed=narrowed)
