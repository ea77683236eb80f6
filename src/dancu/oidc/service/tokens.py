"""What is handed out: access tokens (RFC 9068), ID tokens, refresh tokens and codes.

Access tokens are read by others, so they are signed; how we find the person again stands in them sealed (`dnc`), and in ID tokens that may come back as a hint. Refresh
tokens and codes come back to us alone and are sealed whole. Each names its family by key, so nothing has to be searched.
"""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dancu.accounts.models import ACR, SignIn
from dancu.kit.tokens import new_token
from dancu.oidc.jose import JoseError as JoseError
from dancu.oidc.jose import Signer, b64u, check_times, split
from dancu.oidc.models import AuthRequest, Client, Family
from dancu.oidc.policy import ACCESS_SECONDS, CIBA_GRANT, CODE_SECONDS, ID_TOKEN_SECONDS
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.packing import CODE, pack, unpack
from dancu.oidc.service.seal import Sealer
from dancu.oidc.service.subjects import session_of

if TYPE_CHECKING:
    from dancu.oidc.service.provider import Provider

_MOST_CODE = 6000
_AT, _AMR = map(SignIn._fields.index, ("at", "amr"))
_HANDLE = struct.Struct(">q16sq")
_REFRESH = struct.Struct(">q16sqi")


class Handle(NamedTuple):
    """Which family, of which person, at which client."""

    person_key: int
    family_id: bytes
    client_no: int


class Access(NamedTuple):
    """An access token of ours, in time. `handle`: which family it belongs to, None for tokens of programs themselves; whether that still
    stands only the database knows."""

    claims: dict[str, Any]
    handle: Handle | None

    def text(self, claim: str) -> str:
        """A claim that is text, "" otherwise."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else ""


class Code(NamedTuple):
    """What a code stands for. `expires` in seconds since 1970."""

    request: AuthRequest
    client_no: int
    sign_in: SignIn
    purpose: str
    legal_basis: str
    details: list[dict[str, Any]]
    expires: int


def confirmation(jkt: str, x5t: str) -> dict[str, str]:
    """The `cnf` members for what the token is bound to."""
    return {**({"jkt": jkt} if jkt else {}), **({"x5t#S256": x5t} if x5t else {})}


def access_token(
    provider: Provider, issuer: str, client: Client, *, subject: str, scope: Sequence[str], jkt: str = "", x5t: str = "",
    audience: Sequence[str] = (), family: Family | None = None, extra: dict[str, Any] | None = None, now: float | None = None,
    signer: Signer | None = None,
) -> str:  # fmt: skip
    """A JWT of at most five minutes. `extra`: further claims (token exchange: `act`); `signer`: of `now`, where it is known."""
    made = int(time.time() if now is None else now)
    claims: dict[str, Any] = {
        "iss": issuer, "sub": subject, "aud": list(audience) if len(audience) > 1 else audience[0] if audience else issuer, "client_id": client.client_id,
        "iat": made, "exp": made + ACCESS_SECONDS, "jti": new_token(16), "scope": " ".join(scope),
    }  # fmt: skip
    if jkt or x5t:
        claims["cnf"] = confirmation(jkt, x5t)
    handle = None
    if family is not None:
        handle = Handle(family.person_key, family.family_id, family.client_no)
        claims["auth_time"], claims["acr"], claims["amr"] = int(family.auth_time.timestamp()), ACR[family.acr], list(family.amr)
        claims["dnc"] = provider.sealer.seal("access", _HANDLE.pack(*handle))
        if family.details:
            claims["authorization_details"] = family.details
    if extra:
        claims |= extra
    signer = signer or provider.keys.signer(made)
    return provider.keys.remember(signer.sign(claims, "at+jwt"), signer.kid, Access(claims, handle))


def read_access_token(provider: Provider, issuer: str, token: str, *, now: float | None = None) -> Access:
    """An access token of ours that is in time. Raises JoseError."""
    found = provider.keys.recalled(token) or _taken_apart(provider, token)
    check_times(found.claims, time.time() if now is None else now, longest=ACCESS_SECONDS)
    if found.claims.get("iss") != issuer:
        raise JoseError("issued by somebody else")
    return found


def _taken_apart(provider: Provider, token: str) -> Access:
    """Raises JoseError."""
    found = split(token, most=8 * 1024)
    if found.typ != "at+jwt":
        raise JoseError("not an access token")
    provider.keys.verify(found)
    plain = provider.sealer.open("access", found.text("dnc"))
    return Access(found.claims, Handle(*_HANDLE.unpack(plain)) if plain is not None and len(plain) == _HANDLE.size else None)


def refresh_token(sealer: Sealer, family: Family) -> str:
    packed = _REFRESH.pack(family.person_key, family.family_id, family.client_no, family.generation)
    return sealer.seal("refresh", packed)


def read_refresh_token(sealer: Sealer, token: str) -> tuple[Handle, int] | None:
    """(family, generation) of a refresh token of ours; None for anything else."""
    plain = sealer.open("refresh", token)
    if plain is None or len(plain) != _REFRESH.size:
        return None
    person, family, client, generation = _REFRESH.unpack(plain)
    return Handle(person, family, client), generation


def id_token(
    signer: Signer, provider: Provider, issuer: str, client: Client, family: Family, *, subject: str, nonce: str = "", access: str = "",
    claims: dict[str, Any] | None = None, now: float,
) -> str:  # fmt: skip
    """OIDC Core §2, with `at_hash` and `sid`. `signer`: of `now`, for the client's algorithm; `subject`: as the access token names them. `claims`: what the request wanted in it and the citizen agreed to."""
    made = int(now)
    said: dict[str, Any] = {
        **(claims or {}), "iss": issuer, "sub": subject, "aud": client.client_id,
        "iat": made, "exp": made + ID_TOKEN_SECONDS, "auth_time": int(family.auth_time.timestamp()), "acr": ACR[family.acr],
        "amr": list(family.amr),
    }  # fmt: skip
    if family.sid:
        said["sid"] = session_of(provider.sealer, client, family.sid)
    if CIBA_GRANT in client.grant_types:
        said["dnc"] = provider.sealer.seal("id token", _HANDLE.pack(family.person_key, family.family_id, family.client_no))
    if nonce:
        said["nonce"] = nonce
    if access:
        said["at_hash"] = b64u(hashlib.sha256(access.encode()).digest()[:16])
    return signer.sign(said, "JWT")


def read_id_token(provider: Provider, issuer: str, client: Client, token: str) -> dict[str, Any] | None:
    """The claims of an ID token of ours for this client, however old (a hint is allowed to be); None for anything else."""
    try:
        found = split(token, most=8 * 1024)
        provider.keys.verify(found)
    except JoseError:
        return None
    ours = found.typ == "jwt" and found.claims.get("iss") == issuer and found.claims.get("aud") == client.client_id
    return found.claims if ours and "auth_time" in found.claims else None


def hint(provider: Provider, issuer: str, client: Client) -> Callable[[str], str]:
    """How an `id_token_hint` of this client is read: its `sub`, "" where it is none of ours."""
    return lambda token: str((read_id_token(provider, issuer, client, token) or {}).get("sub", ""))


def hinted_person(provider: Provider, issuer: str, client: Client, token: str) -> int | None:
    """Whose ID token this is, for a client that may ask when nobody is there (CIBA §7.1): None where it is none of ours for this
    client, 0 where it does not say (issued before the client might ask so)."""
    said = read_id_token(provider, issuer, client, token)
    if said is None:
        return None
    plain = provider.sealer.open("id token", str(said.get("dnc", "")))
    person, _, number = _HANDLE.unpack(plain) if plain is not None and len(plain) == _HANDLE.size else (0, b"", 0)
    return int(person) if number == client.client_no else 0


def code(sealer: Sealer, made: Code) -> str:
    sign_in: list[Any] = list(made.sign_in)
    sign_in[_AT] = made.sign_in.at.timestamp()
    sealed = sealer.seal_json(CODE, [pack(made.request, answered=True), made.client_no, sign_in, *made[3:]])
    if len(sealed) > _MOST_CODE:
        raise OAuthError("invalid_request", "the request is too large")
    return sealed


def read_code(sealer: Sealer, text: str) -> Code | None:
    """What a code of ours stands for, expired or not; None for anything else."""
    value = sealer.open_json(CODE, text)
    if value is None:
        return None
    request, client_no, sign_in, *rest = value
    sign_in[_AT], sign_in[_AMR] = datetime.fromtimestamp(sign_in[_AT], UTC), tuple(sign_in[_AMR])
    return Code(unpack(request), client_no, SignIn(*sign_in), *rest)


def code_expiry(now: float | None = None) -> int:
    return int(time.time() if now is None else now) + CODE_SECONDS
