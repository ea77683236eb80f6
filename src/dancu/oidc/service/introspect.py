"""Is this token good, and for what? (RFC 7662) Answered from the family as it stands now, so a lock, a logout or a reused
code shows at once, whatever the token itself says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dancu.oidc.jose import JoseError
from dancu.oidc.models import AuthMethod, Client, ClientState, Family, Mark
from dancu.oidc.policy import groups_of_scopes
from dancu.oidc.service import consent, tokens
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.provider import Provider
from dancu.oidc.service.subjects import subject_of
from dancu.oidc.store import clients

#: A program with this scope (a gateway before many services) may ask about every access token.
SCOPE = "token.introspect"
INACTIVE: dict[str, Any] = {"active": False}
_KEPT = ("scope", "client_id", "exp", "iat", "nbf", "aud", "iss", "jti", "acr", "amr", "auth_time", "cnf", "act", "purpose", "legal_basis", "authorization_details")


@dataclass(frozen=True, slots=True)
class Found:
    """A token of ours whose signature and time hold. `handle` None: a program's own token. `generation` None: an access
    token."""

    handle: tokens.Handle | None
    access: tokens.Access | None = None
    generation: int | None = None


def read(provider: Provider, issuer: str, token: str) -> Found | None:
    """What a token of ours is, by itself; None for everything else, expired ones too."""
    refresh = tokens.read_refresh_token(provider.sealer, token)
    if refresh is not None:
        return Found(refresh[0], generation=refresh[1])
    try:
        access = tokens.read_access_token(provider, issuer, token)
    except JoseError:
        return None
    return Found(access.handle, access)


def refuse_public(client: Client) -> None:
    """Raises OAuthError for clients that prove nothing: anybody could try tokens as one of them (RFC 7662 §2.1)."""
    if client.auth_method is AuthMethod.NONE:
        raise OAuthError("invalid_client", "public clients may not introspect", 401)


async def answer(provider: Provider, caller: Client, found: Found | None, marks: tuple[Mark, ...], *, demo: bool = False) -> dict[str, Any] | None:
    """The answer for `caller`; None where one of `marks` was spent before. What a caller has nothing to do with is inactive
    to it, like a token that never was."""
    if found is None or not _concerns(caller, found):
        return INACTIVE if await _spent(provider, marks) else None
    if found.handle is None:
        assert found.access is not None
        if not await _spent(provider, marks):
            return None
        return _claims(found.access, found.access.text("sub")) if await provider.client(found.access.text("client_id")) else INACTIVE
    handle = found.handle
    word, family = await provider.uses.ask((marks, (handle.person_key, handle.family_id, handle.client_no)))
    if word == "replayed":
        return None
    if family is None:
        return INACTIVE
    subject = subject_of(provider.sealer, caller, family.person_key)
    if found.access is not None:
        if not await provider.client(found.access.text("client_id")):
            return INACTIVE
        said = _claims(found.access, subject)
        return await _handed_on(provider, family, said, demo=demo) if "act" in said else said
    return _refresh(caller, family, found.generation, subject)


async def _spent(provider: Provider, marks: tuple[Mark, ...]) -> bool:
    """True where every mark comes for the first time; the database is not asked about none."""
    return not marks or (await provider.uses.ask((marks, None)))[0] == "ok"


def _concerns(caller: Client, found: Found) -> bool:
    """Refresh tokens are their client's alone; access tokens also those resources' that are named in them."""
    if found.access is None:
        return found.handle is not None and found.handle.client_no == caller.client_no
    audience = found.access.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    return found.access.text("client_id") == caller.client_id or caller.client_id in named or SCOPE in caller.scopes


def _claims(token: tokens.Access, subject: str) -> dict[str, Any]:
    """`subject`: the citizen as the caller knows them, which may not be the name the token's own client knows."""
    kept = {name: token.claims[name] for name in _KEPT if name in token.claims}
    bound = isinstance(token.claims.get("cnf"), dict) and "jkt" in token.claims["cnf"]
    return {"active": True, **kept, "sub": subject, "token_type": "DPoP" if bound else "Bearer"}


async def _handed_on(provider: Provider, family: Family, said: dict[str, Any], *, demo: bool) -> dict[str, Any]:
    """What a token that was exchanged is good for now: what the citizen takes back ends at once, also with the agency it was for."""
    scope = tuple(str(said.get("scope", "")).split())
    async with provider.connect() as conn, conn.transaction():
        origin = await clients.by_no(conn, family.client_no)
        stands = origin is not None and origin.state is not ClientState.SUSPENDED
        kept = await consent.carried(conn, origin, family.person_key, family.purpose, scope, demo=demo) if origin and stands else ()
    if not stands or (groups_of_scopes(scope) and not groups_of_scopes(kept)):
        return INACTIVE
    return {**said, "scope": " ".join(kept)}


def _refresh(caller: Client, family: Family, generation: int | None, subject: str) -> dict[str, Any]:
    if not family.offline or generation != family.generation:
        return INACTIVE
    made: dict[str, Any] = {
        "active": True, "scope": " ".join(family.scope), "client_id": caller.client_id, "sub": subject,
        "exp": int(family.expires_at.timestamp()), "iat": int(family.used_at.timestamp()), "token_type": "refresh_token",
    }  # fmt: skip
    return {**made, **({"cnf": binding} if (binding := tokens.confirmation(family.jkt, family.x5t)) else {})}
