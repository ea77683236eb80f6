"""An access token is shown at one of our own resources: is it ours, in time, and with its rightful holder?"""

from __future__ import annotations

import hmac
from typing import NamedTuple

from dancu.oidc.jose import JoseError
from dancu.oidc.models import Client, Mark
from dancu.oidc.service import dpop, mtls, tokens
from dancu.oidc.service.dpop import nonce
from dancu.oidc.service.errors import invalid_token, resource_error, token_needed
from dancu.oidc.service.provider import Provider
from dancu.oidc.service.wire import Wire

_SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


class Presented(NamedTuple):
    """A token whose signature, time and binding hold. `handle` None: a program's own token. `marks` must be spent, and the
    family asked for, before anything is given."""

    token: tokens.Access
    client: Client
    scope: tuple[str, ...]
    handle: tokens.Handle | None
    marks: tuple[Mark, ...]
    scheme: str


async def presented(provider: Provider, wire: Wire) -> Presented:
    """Raises OAuthError in the words of RFC 6750 and RFC 9449."""
    scheme, text = taken(wire)
    try:
        token = tokens.read_access_token(provider, wire.issuer, text)
    except JoseError as error:
        raise invalid_token(str(error), scheme) from error
    client = await provider.client(token.text("client_id"))
    if client is None:
        raise invalid_token("the client is not in use", scheme)
    marks = bound(provider, wire, token, scheme, text)
    audience = token.claims.get("aud")
    if audience != wire.issuer and not (isinstance(audience, list) and wire.issuer in audience):
        raise invalid_token("issued for another resource", scheme)
    scope = tuple(token.text("scope").split())
    return Presented(token, client, scope, token.handle, marks, scheme)


def taken(wire: Wire) -> tuple[str, str]:
    """(scheme, token) from the header or, at a POST, the form (RFC 6750 §2); from one place only."""
    scheme, _, text = wire.authorization.partition(" ")
    posted = wire.params.get("access_token", "")
    if scheme and posted:
        raise resource_error("invalid_request", "more than one access token", 400)
    if posted:
        return "Bearer", posted
    known, text = _SCHEMES.get(scheme.lower()), text.strip()
    if known is None:
        raise token_needed(wire.issuer)
    if not text:
        raise resource_error("invalid_request", "the token is missing", 400)
    return known, text


def bound(provider: Provider, wire: Wire, token: tokens.Access, scheme: str, text: str) -> tuple[Mark, ...]:
    """The marks of the proof, where the token needs one. Raises OAuthError unless the holder is the rightful one."""
    binding = token.claims.get("cnf")
    if binding is None and scheme == "Bearer":
        return ()  # to nobody
    binding = binding if isinstance(binding, dict) else {}
    thumbprint = str(binding.get("x5t#S256", ""))
    if thumbprint and (wire.certificate is None or not hmac.compare_digest(mtls.thumbprint(wire.certificate), thumbprint)):
        raise invalid_token("the token is bound to another certificate", scheme)
    jkt = str(binding.get("jkt", ""))
    if bool(jkt) != (scheme == "DPoP"):
        raise invalid_token("the token is not of this kind", "DPoP" if jkt else scheme)
    if not jkt:
        return ()
    try:
        proof = dpop.read(provider.sealer, wire, token=text)
    except dpop.WrongProof as wrong:
        refusal = resource_error("use_dpop_nonce" if wrong.stale else "invalid_dpop_proof", str(wrong), 401, "DPoP")
        refusal.headers["DPoP-Nonce"] = nonce(provider.sealer)
        raise refusal from wrong
    if proof is None or not hmac.compare_digest(proof.jkt.encode(), jkt.encode()):
        raise resource_error("invalid_dpop_proof" if proof is None else "invalid_token", "the token is bound to a key that did not sign a proof", 401, "DPoP")
    return (proof.mark,)
