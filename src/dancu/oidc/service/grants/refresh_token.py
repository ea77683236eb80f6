"""A refresh token becomes new tokens. Where it rotates, a token that was replaced and comes again was copied, and the
family ends; but for a moment the one before is answered again to whoever proves to be the same client or key, for an
answer may have got lost on the way."""

from __future__ import annotations

from dancu.oidc.models import AuthMethod, Family, Mark
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

        async def ask(marks: tuple[Mark, ...], jkt: str, x5t: str) -> tuple[str, Family | None]:
            return await families.refresh(
                conn, marks, handle.person_key, handle.family_id, generation, client.client_no, org_code=client.org_code, jkt=jkt,
                x5t=x5t, rotate=client.rotates, grace=GRACE_SECONDS if known else 0, request_id=wire.request_id,
            )  # fmt: skip

        word, family = await ask(call.marks, call.jkt, call.x5t)
        if word == "unbound" and client.auth_method is not AuthMethod.NONE:
            # Who proved to be the client may come with a new key: its refresh tokens are bound to the client (RFC 9449 §5, RFC 8705 §4).
            _, before = await families.use(conn, (), handle.person_key, handle.family_id, handle.client_no)
            if before is not None and bool(before.jkt) <= bool(call.jkt) and bool(before.x5t) <= bool(call.x5t):
                word, family = await ask((), before.jkt, before.x5t)
        # Inside: what goes too far is refused with the transaction, so that the token it came with stays good.
        narrowed = wire.params.get("scope", "")
        if family is not None and set(narrowed.split()) - set(family.scope):
            raise OAuthError("invalid_scope", "scope is wider than what was granted")
        details = call.details(family.details) if family is not None else []
    if word == "replayed":
        raise replayed()
    if family is None:
        raise invalid_grant(_WORDS.get(word, "the refresh token is not known"))
    family = family._replace(jkt=call.jkt, x5t=call.x5t, details=details)
    made = issue.answer(provider, wire.issuer, client, family, narrowed=narrowed)
    if "refresh_token" in made and not client.rotates:
        # The very one that came: another spelling of it would look like a replacement, and FAPI 2.0 §5.3.2.1 wants none.
        made["refresh_token"] = call.param("refresh_token")
    return made
