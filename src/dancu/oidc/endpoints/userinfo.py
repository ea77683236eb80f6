"""GET and POST /oidc/userinfo (OIDC Core §5.3), plain or signed."""

from __future__ import annotations

import time
from typing import Any

from dancu.kit.web import APIRouter, Request, Response, public
from dancu.oidc.endpoints.wire import (
    answered,
    bounded,
    issuer_of,
    json_answer,
    preflight,
    provider_of,
    read_wire,
)
from dancu.oidc.models import Client
from dancu.oidc.policy import ID_TOKEN_SECONDS
from dancu.oidc.service import dpop, release
from dancu.oidc.service.bearer import presented
from dancu.oidc.service.errors import OAuthError, invalid_token, resource_error
from dancu.oidc.service.parsing.params import form_params

router = APIRouter(dependencies=[public(machine=True)])
PATH = "/oidc/userinfo"


@router.get(PATH)
@router.post(PATH)
async def userinfo(request: Request) -> Response:
    return await answered(request, _userinfo)


router.add_api_route(PATH, preflight, methods=["OPTIONS"])


async def _userinfo(request: Request) -> Response:
    provider = provider_of(request)
    params = {}
    if request.method == "POST" and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        try:
            params = form_params(await request.body(), request.headers["content-type"])
        except OAuthError as error:  # a resource says so in its challenge too (RFC 6750 §3)
            raise resource_error(error.error, error.description, error.status) from error
    wire = await read_wire(request, params=params)
    shown = await presented(provider, wire)
    client = shown.client
    if "openid" not in shown.scope or shown.handle is None:
        raise resource_error("insufficient_scope", "the token has no openid scope", 403, shown.scheme)
    if shown.handle.client_no != client.client_no:
        raise invalid_token("the token is not valid any more", shown.scheme)
    word, body = await release.userinfo(provider, client, shown.handle, shown.marks, shown.scope, wire.request_id, demo=provider.demo)
    if word != "ok":
        raise _not_released(word, shown.scheme)
    headers = {"DPoP-Nonce": dpop.nonce(provider.sealer)} if wire.dpop else {}
    if client.userinfo_signed:
        return _signed(request, client, body, headers)
    return json_answer(body, headers=headers)


SHORTCUTS = dict.fromkeys((("GET", PATH), ("POST", PATH)), bounded(userinfo))


def _not_released(word: str, scheme: str) -> OAuthError:
    if word == "replayed":
        return resource_error("invalid_dpop_proof", "the proof was used before", 401, "DPoP")
    return invalid_token("nothing can be released" if word == "denied" else "the token is not valid any more", scheme)


def _signed(request: Request, client: Client, body: dict[str, Any], headers: dict[str, str]) -> Response:
    """The same as a JWT (§5.3.2), for clients registered so."""
    now = int(time.time())
    claims = {**body, "iss": issuer_of(request), "aud": client.client_id, "iat": now, "exp": now + ID_TOKEN_SECONDS}
    token = provider_of(request).keys.signer(now).sign(claims, "JWT")
    return Response(token, headers={"Access-Control-Allow-Origin": "*", **headers}, media_type="application/jwt")
