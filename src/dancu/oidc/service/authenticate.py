"""Who is calling: a client proves itself in the way it is registered for, and in no other.

What must come only once (the `jti` of an assertion) is handed back as a mark and spent in the statement of the work.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import orjson

from dancu.oidc.jose import JoseError, PublicKey, check_times, public_keys, split
from dancu.oidc.jose.compact import Compact
from dancu.oidc.models import AuthMethod, Client, Mark
from dancu.oidc.models.client import SECRET_METHODS, TLS_METHODS
from dancu.oidc.policy import ASSERTION_SECONDS, FAPI_ALGS, LEGACY_ALGS
from dancu.oidc.service import mtls
from dancu.oidc.service.errors import OAuthError, invalid_client, invalid_request
from dancu.oidc.service.wire import Wire

Find = Callable[[str], Awaitable[Client | None]]
# The client with its published keys read anew, where it names a key (`kid`) that is not among those known.
Renew = Callable[[Client, str], Awaitable[Client]]
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MOST_ASSERTION = 8 * 1024
_MOST_JTI = 256
_LEGACY_SECONDS = 3600
_NOBODYS = bytes(32)  # the digest of no secret


class Authenticated(NamedTuple):
    """A client that proved itself. `marks` must be spent before anything is given."""

    client: Client
    marks: tuple[Mark, ...] = ()


async def client_of(find: Find, wire: Wire, *, now: float | None = None, renew: Renew | None = None) -> Authenticated:
    """Raises OAuthError invalid_client or invalid_request. The same words for unknown clients and wrong proofs."""
    params, basic = wire.params, wire.authorization[:6].lower() in ("basic ", "basic")
    posted, asserted = "client_secret" in params, "client_assertion" in params or "client_assertion_type" in params
    if basic + posted + asserted > 1:
        raise invalid_request("more than one way of client authentication")
    if basic:
        client_id, secret = _basic(wire.authorization)
        if params.get("client_id", client_id) != client_id:
            raise invalid_request("client_id is another client")
        return Authenticated(await _by_secret(find, client_id, secret, AuthMethod.SECRET_BASIC))
    if posted:
        return Authenticated(await _by_secret(find, params.get("client_id", ""), params["client_secret"], AuthMethod.SECRET_POST))
    if asserted:
        return await _by_assertion(find, wire, time.time() if now is None else now, renew)
    client_id = params.get("client_id", "")
    client = await find(client_id) if client_id else None
    if client is None:
        raise invalid_client("client authentication failed")
    if client.auth_method in TLS_METHODS and wire.certificate is not None:
        mtls.check(client, wire.certificate)
        return Authenticated(client)
    if client.auth_method is not AuthMethod.NONE:
        raise invalid_client("client authentication is missing")
    return Authenticated(client)


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret, each form-urlencoded before they were joined (RFC 6749 §2.3.1)."""
    try:
        text = binascii.a2b_base64(authorization.partition(" ")[2].strip(), strict_mode=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise invalid_client("client authentication failed", challenge=True) from error
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise invalid_client("client authentication failed", challenge=True)
    return (unquote_plus(client_id), unquote_plus(secret)) if "%" in text or "+" in text else (client_id, secret)


def hash_secret(secret: str) -> bytes:
    """Secrets are 256 random bits of ours, so one SHA-256 is enough and costs nothing per request."""
    return hashlib.sha256(b"dancu client secret|" + secret.encode("utf-8", "surrogatepass")).digest()


async def _by_secret(find: Find, client_id: str, secret: str, way: AuthMethod) -> Client:
    client = await find(client_id)
    given = hash_secret(secret)
    fits = hmac.compare_digest(given, (client.secret_hash if client else None) or _NOBODYS)
    if not fits and client and client.old_secret_hash and client.old_secret_until and client.old_secret_until > datetime.now(UTC):
        fits = hmac.compare_digest(given, client.old_secret_hash)
    # A service that registered one of the two secret methods may send it the other way: libraries disagree on the default.
    if client is None or not fits or client.auth_method not in SECRET_METHODS:
        raise invalid_client("client authentication failed", challenge=way is AuthMethod.SECRET_BASIC)
    return client


async def _by_assertion(find: Find, wire: Wire, now: float, renew: Renew | None) -> Authenticated:
    if wire.params.get("client_assertion_type") != _JWT_BEARER or "client_assertion" not in wire.params:
        raise invalid_client("unknown kind of client assertion")
    try:
        assertion = split(wire.params["client_assertion"], most=_MOST_ASSERTION)
        if assertion.typ not in ("jwt", "client-authentication+jwt", ""):
            raise JoseError("typ is of something else")
        client_id = assertion.text("sub")
        if not client_id or assertion.text("iss") != client_id or wire.params.get("client_id", client_id) != client_id:
            raise JoseError("iss, sub and client_id must be the client")
        client = await find(client_id)
        if client is None or client.auth_method is not AuthMethod.PRIVATE_KEY_JWT:
            raise JoseError("client authentication failed")
        if renew is not None and client.jwks_uri:
            client = await renew(client, str(assertion.header.get("kid") or ""))
        verify(client, assertion)
        left = check_times(assertion.claims, now, longest=ASSERTION_SECONDS if client.fapi else _LEGACY_SECONDS)
        if not _for_us(assertion.claims.get("aud"), client, wire):
            raise JoseError("aud is not this issuer")
        jti = assertion.text("jti")
        if not 0 < len(jti) <= _MOST_JTI:
            raise JoseError("jti is missing")
    except JoseError as error:
        raise invalid_client(f"client assertion: {error}") from error
    digest = hashlib.sha256(f"assertion|{client_id}|{jti}".encode()).digest()
    return Authenticated(client, (Mark(digest, left),))


def _for_us(audience: Any, client: Client, wire: Wire) -> bool:
    """FAPI 2.0: the issuer and nothing else, as text. Others may name the endpoint or several audiences."""
    if client.fapi:
        return bool(audience == wire.issuer)
    named = audience if isinstance(audience, list) else [audience]
    return any(one in (wire.issuer, wire.url, f"{wire.issuer}/oidc/token") for one in named)


def verify(client: Client, token: Compact) -> None:
    """Raises JoseError unless one of the client's keys made the signature: the one it names, or any that can."""
    keys = keys_of(client)
    kid = token.header.get("kid")
    if kid is not None:
        keys = tuple(key for key in keys if key.kid == kid) or tuple(key for key in keys if not key.kid)
    fitting = [key for key in keys if token.alg in key.algs][:4]
    allowed = FAPI_ALGS if client.fapi else LEGACY_ALGS
    if not fitting:
        raise JoseError("no registered key fits")
    for key in fitting[:-1]:
        try:
            key.verify(token, allowed)
            return
        except JoseError:
            continue
    fitting[-1].verify(token, allowed)


def keys_of(client: Client) -> tuple[PublicKey, ...]:
    return _keys(orjson.dumps(client.jwks)) if client.jwks else ()


@lru_cache(2048)
def _keys(jwks: bytes) -> tuple[PublicKey, ...]:
    return public_keys(orjson.loads(jwks))


class Replayed(OAuthError):
    """What may come once came again: an assertion, or the proof beside it."""


def replayed() -> Replayed:
    return Replayed("invalid_client", "the assertion or proof was used before", 401)
