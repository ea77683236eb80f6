"""Where an authorization request's parameters come from: the address (basic), a signed request object (JAR, RFC 9101), or what
was pushed before (PAR, RFC 9126). Pushed requests and requests under way are sealed, not stored."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dancu.kit.db import Conn
from dancu.oidc.jose import LEEWAY, JoseError, check_times, split
from dancu.oidc.jose.times import seconds
from dancu.oidc.models import AuthRequest, Client
from dancu.oidc.policy import FLOW_SECONDS, PUSHED_SECONDS, REQUEST_OBJECT_SECONDS
from dancu.oidc.service.authenticate import Renew, verify
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.packing import FLOW, PUSHED, pack, unpack
from dancu.oidc.service.recent import Recent
from dancu.oidc.service.seal import Sealer
from dancu.oidc.store import families

URN = "urn:ietf:params:oauth:request_uri:"
_MOST_URI = len(URN) + 6000


def unpack_object(params: Mapping[str, str], client: Client, issuer: str, *, now: float | None = None) -> dict[str, str]:
    """The parameters inside a signed request object; those beside it do not count (RFC 9101 §6.3). Without one, the
    parameters as they are. Raises OAuthError invalid_request_object."""
    if "request" not in params:
        return dict(params)
    try:
        token = split(params["request"])
        if token.typ not in ("oauth-authz-req+jwt", "jwt", ""):
            raise JoseError("typ is not oauth-authz-req+jwt")
        if client.jwks is None:
            raise JoseError("the client registered no keys")
        verify(client, token)
        now = time.time() if now is None else now
        check_times(token.claims, now, longest=REQUEST_OBJECT_SECONDS, need_exp=client.fapi)
        begins = seconds(token.claims, "nbf")
        # FAPI 2.0 Message Signing §5.3.1: it says since when it holds, and that is not long ago.
        if client.fapi and (begins is None or begins < now - REQUEST_OBJECT_SECONDS - LEEWAY):
            raise JoseError("nbf is missing or too long ago")
        audience = token.claims.get("aud")
        if issuer not in (audience if isinstance(audience, list) else [audience]):
            raise JoseError("aud is not this issuer")
        if token.text("iss") != client.client_id or token.text("client_id") != client.client_id:
            raise JoseError("iss and client_id must be the client")
        if any(name in token.claims for name in ("request", "request_uri")):
            raise JoseError("request objects do not nest")
        return {name: _as_text(value) for name, value in token.claims.items() if value not in (None, "")}
    except JoseError as error:
        raise OAuthError("invalid_request_object", f"request object: {error}") from error


async def unpacked(params: Mapping[str, str], client: Client, issuer: str, renew: Renew) -> tuple[Client, dict[str, str]]:
    """`unpack_object`, where the object may be signed with a key published a moment ago: the client's address is read anew for a
    `kid` not known, as for its assertions. The client with the keys it has then. Raises OAuthError invalid_request_object."""
    if client.jwks_uri and "request" in params:
        with suppress(JoseError):  # what is wrong with it is said below
            client = await renew(client, str(split(params["request"]).header.get("kid") or ""))
    return client, unpack_object(params, client, issuer)


def _as_text(value: Any) -> str:
    import orjson

    if isinstance(value, str):
        if any(ch < " " for ch in value):
            raise JoseError("control characters")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, dict, list)):
        raise JoseError("a parameter has the wrong type")
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise JoseError("a parameter is nested too deep") from error


def push(sealer: Sealer, request: AuthRequest, recent: Recent[AuthRequest] | None = None) -> str:
    """A `request_uri` that holds the request. Raises OAuthError invalid_request where it would not fit an address."""
    request = request._replace(pushed=True)
    uri = URN + sealer.seal_json(PUSHED, pack(request))
    if len(uri) > _MOST_URI:
        raise OAuthError("invalid_request", "the request is too large", 413)
    if recent is not None:
        recent.keep(uri, request)
    return uri


def pushed(sealer: Sealer, request_uri: str, client: Client, recent: Recent[AuthRequest], *, now: float | None = None) -> AuthRequest:
    """The request behind a `request_uri` of ours. Raises OAuthError invalid_request_uri."""
    if not request_uri.startswith(URN):
        raise OAuthError("request_uri_not_supported", "only pushed requests are taken by reference")
    request = recent.get(request_uri)
    if request is None:
        found = sealer.open_json(PUSHED, request_uri[len(URN) :])
        request = unpack(found) if found is not None else None
    if request is None or request.client_id != client.client_id:
        raise OAuthError("invalid_request_uri", "request_uri is not known")
    if request.at + PUSHED_SECONDS < (time.time() if now is None else now):
        raise OAuthError("invalid_request_uri", "request_uri is expired")
    return request


def under_way(sealer: Sealer, request: AuthRequest, *, asked: bool) -> str:
    """A request as it waits for the citizen, for the address of our own pages. `asked`: they were sent to sign in."""
    return sealer.seal_json(FLOW, carried(request, asked=asked))


def carried(request: AuthRequest, *, asked: bool) -> list[Any]:
    """As `under_way`, for a page that seals itself what it carries."""
    return [pack(request), asked]


def resumed(sealer: Sealer, flow: str, *, now: float | None = None) -> tuple[AuthRequest, bool] | None:
    """(request, asked) of a flow; None for one that is not ours or waited too long."""
    value = sealer.open_json(FLOW, flow)
    return taken_up(value, now=now) if value is not None else None


def taken_up(value: list[Any], *, now: float | None = None) -> tuple[AuthRequest, bool] | None:
    """(request, asked) of what was `carried`; None where it waited too long."""
    request = unpack(value[0])
    if request.at + FLOW_SECONDS < (time.time() if now is None else now):
        return None
    return request, bool(value[1])


async def refuse_answered(conn: Conn, request: AuthRequest, client: Client, person_key: int) -> None:
    """Raises OAuthError invalid_request_uri for a reference that led to tokens already (RFC 9126 §4, RFC 9101 §6.2). One that was only
    looked at, or whose code was lost on the way, may be opened again: people press reload. On the connection the caller holds: a
    second one, waited for while holding the first, is what as many such callers as there are connections never get."""
    if request.pushed and (await families.use(conn, (), person_key, request.request_id, client.client_no))[0] != "unknown":
        raise OAuthError("invalid_request_uri", "request_uri was used before")


def refuse_unpushed(client: Client) -> None:
    """Raises OAuthError invalid_request for a client whose requests must be pushed (FAPI 2.0 §5.3.2.2)."""
    if client.fapi:
        raise invalid_request("this client must push its requests")
