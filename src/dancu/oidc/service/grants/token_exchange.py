"""One agency calls another on a citizen's behalf (RFC 8693): the token it holds becomes one for the other agency, naming who
acts, and carrying the purpose the citizen agreed to. It ends with the sign-in it came from."""

from __future__ import annotations

from typing import Any

from dancu.audit import service as audit
from dancu.kernel.actor import Purpose
from dancu.kit.db import Conn
from dancu.oidc.models import AuthMethod, Client, ClientState, Family
from dancu.oidc.policy import ACCESS_SECONDS, groups_of_scopes
from dancu.oidc.service import consent, introspect, issue, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.grants.call import Call
from dancu.oidc.service.release import actor_of
from dancu.oidc.service.subjects import subject_of
from dancu.oidc.store import clients, families

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
_LONGEST_CHAIN = 4


async def grant(call: Call) -> issue.Answer:
    provider, client = call.provider, call.client
    found = _subject_token(call)
    assert found.access is not None
    assert found.handle is not None
    target = await provider.client(call.wire.params.get("audience", ""))
    if target is None or target.client_no == client.client_no:
        raise OAuthError("invalid_target", "audience is not another registered client")
    call.demand_binding()
    held = tuple(found.access.text("scope").split())
    scope = tuple(dict.fromkeys(call.wire.params.get("scope", "").split())) or held
    if set(scope) - set(held):
        raise OAuthError("invalid_scope", "scope is wider than the token's")
    chain = _chain(client, found.access.claims.get("act"))
    details = call.details(found.access.claims.get("authorization_details", []))
    handle = found.handle
    async with provider.connect() as conn, conn.transaction():
        word, family = await families.use(conn, call.marks, handle.person_key, handle.family_id, handle.client_no)
        if word == "replayed":
            raise replayed()
        if family is None:
            raise invalid_request("the subject token is not valid any more")
        origin = await clients.by_no(conn, family.client_no)
        if origin is None or origin.state is ClientState.SUSPENDED or await provider.client(found.access.text("client_id")) is None:
            raise invalid_request("the subject token is not valid any more")
        await _agreed(call, conn, target, family)
        scope = await _consented(call, conn, origin, family, scope)
        purpose = Purpose(family.purpose, family.legal_basis)
        note = {"verb": "oidc.exchange", "for": target.client_no, "scope": " ".join(scope)}
        await audit.record(conn, actor_of(client, call.wire.request_id), purpose, action="sign_in", subjects=[family.person_key], fields=None, note=note)
    access = tokens.access_token(
        provider, call.wire.issuer, client, subject=subject_of(provider.sealer, target, family.person_key), scope=scope,
        jkt=call.jkt, x5t=call.x5t, audience=[target.client_id], family=family._replace(details=details),
        extra={"act": chain, "purpose": family.purpose, "legal_basis": family.legal_basis},
    )  # fmt: skip
    return {
        "access_token": access, "issued_token_type": ACCESS_TOKEN, "token_type": "DPoP" if call.jkt else "Bearer",
        "expires_in": ACCESS_SECONDS, "scope": " ".join(scope),
    }  # fmt: skip


def _subject_token(call: Call) -> introspect.Found:
    """The token to exchange: a citizen's access token that the caller was given, or that was made for it. A token that will not do is
    an invalid_request (§2.2.2)."""
    if call.client.auth_method is AuthMethod.NONE:
        raise OAuthError("unauthorized_client", "public clients exchange nothing")
    params = call.wire.params
    if call.param("subject_token_type") != ACCESS_TOKEN or params.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise invalid_request("only access tokens are exchanged")
    if "actor_token" in params or "actor_token_type" in params:
        raise invalid_request("the actor is the client that asks")
    call.param("audience")
    found = introspect.read(call.provider, call.wire.issuer, call.param("subject_token"))
    if found is None or found.access is None or found.handle is None:
        raise invalid_request("the subject token is not a citizen's valid access token")
    audience = found.access.claims.get("aud")
    own = found.access.text("client_id") == call.client.client_id
    if not own and call.client.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise invalid_request("the subject token was neither given to nor made for this client")
    binding = found.access.claims.get("cnf")
    jkt, x5t = (str(binding.get(name, "")) if isinstance(binding, dict) else "" for name in ("jkt", "x5t#S256"))
    if own and jkt and jkt != call.jkt:
        raise OAuthError("invalid_dpop_proof", "the subject token is bound to another key")
    if own and x5t and x5t != call.x5t:
        raise invalid_request("the subject token is bound to another certificate")
    return found


def _chain(client: Client, before: Any) -> dict[str, Any]:
    """Who acts, and for whom they do (§4.1), the latest outermost."""
    deep, inner = 1, before
    while isinstance(inner, dict):
        deep, inner = deep + 1, inner.get("act")
    if deep > _LONGEST_CHAIN:
        raise OAuthError("invalid_target", "the token was handed on too often")
    return {"sub": client.client_id, **({"act": before} if isinstance(before, dict) else {})}


async def _consented(call: Call, conn: Conn, origin: Client, family: Family, scope: tuple[str, ...]) -> tuple[str, ...]:
    """What of the scope the citizen still agrees to. Raises OAuthError invalid_scope for one that was named, and where no data are left to
    ask for."""
    kept = await consent.carried(conn, origin, family.person_key, family.purpose, scope, demo=call.demo)
    if len(kept) < len(scope) and ("scope" in call.wire.params or not groups_of_scopes(kept)):
        raise OAuthError("invalid_scope", "the citizen does not agree to this scope, or no longer")
    return kept


async def _agreed(call: Call, conn: Conn, target: Client, family: Family) -> None:
    """The other agency's agreement must serve the same purpose: what the citizen agreed to does not change on the way."""
    try:
        terms = await consent.terms(conn, target, family.purpose, demo=call.demo)
    except OAuthError as error:
        raise OAuthError("invalid_target", "the audience has no agreement for this purpose") from error
    if terms.purpose.code != family.purpose:
        raise OAuthError("invalid_target", "the audience has no agreement for this purpose")
