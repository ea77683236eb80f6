"""From a standing family to the answer of the token endpoint."""

from __future__ import annotations

import time
from typing import Any

from dancu.oidc.models import Client, Family
from dancu.oidc.policy import ACCESS_SECONDS
from dancu.oidc.service import tokens
from dancu.oidc.service.provider import Provider
from dancu.oidc.service.subjects import subject_of

Answer = dict[str, Any]


def scope_of(family: Family, narrowed: str = "") -> tuple[str, ...]:
    """The family's scope, or the part of it asked for at a refresh."""
    wanted = narrowed.split()
    return tuple(scope for scope in family.scope if scope in wanted) if wanted else family.scope


def answer(
    provider: Provider, issuer: str, client: Client, family: Family, *, nonce: str = "",
    claims: dict[str, Any] | None = None, narrowed: str = "", refresh: bool = True,
) -> Answer:  # fmt: skip
    """Access token, ID token (for `openid`), refresh token where the family may outlive the session."""
    scope = scope_of(family, narrowed)
    subject, now = subject_of(provider.sealer, client, family.person_key), time.time()
    signer = provider.keys.signer(now)
    access = tokens.access_token(
        provider, issuer, client, subject=subject, scope=scope, jkt=family.jkt, x5t=family.x5t, family=family, now=now, signer=signer
    )
    made: Answer = {
        "access_token": access,
        "token_type": "DPoP" if family.jkt else "Bearer",
        "expires_in": ACCESS_SECONDS,
        "scope": " ".join(scope),
    }
    if "openid" in scope:
        alg = client.id_token_alg
        signer = signer if alg == "ES256" else provider.keys.signer(now, alg)
        made["id_token"] = tokens.id_token(
            signer, provider, issuer, client, family, subject=subject, nonce=nonce, access=access, claims=claims, now=now
        )
    if family.offline and refresh:
        made["refresh_token"] = tokens.refresh_token(provider.sealer, family)
    if family.details:
        made["authorization_details"] = family.details
    return made
