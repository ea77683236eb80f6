"""POST /oidc/introspect (RFC 7662), plain or as a signed answer (RFC 9701)."""

from __future__ import annotations

import time
from typing import Any

from dancu.kit.web import APIRouter, Request, Response, public
from dancu.oidc.endpoints.token import slow_down
from dancu.oidc.endpoints.wire import answered, bounded, demo_of, issuer_of, json_answer, provider_of, read_wire
from dancu.oidc.models import Client
from dancu.oidc.service import introspect
from dancu.oidc.service.authenticate import client_of, replayed
from dancu.oidc.service.errors import invalid_request

router = APIRouter(dependencies=[public(machine=True)])
PATH = "/oidc/introspect"
_SIGNED = "token-introspection+jwt"


@router.post(PATH)
async def introspection(request: Request) -> Response:
    return await answered(request, _introspect)


async def _introspect(request: Request) -> Response:
    provider = provider_of(request)
    wire = await read_wire(request)
    known = await client_of(provider.client, wire, renew=provider.renew)
    introspect.refuse_public(known.client)
    slow_down(provider, known.client)
    token = wire.params.get("token", "")
    if not token:
        raise invalid_request("token is missing")
    found = introspect.read(provider, wire.issuer, token)
    body = await introspect.answer(provider, known.client, found, known.marks, demo=demo_of(request))
    if body is None:
        raise replayed()
    if f"application/{_SIGNED}" in request.headers.get("accept", ""):
        return _signed(request, known.client, body)
    return json_answer(body, headers={"Cache-Control": "no-store"})


def _signed(request: Request, client: Client, body: dict[str, Any]) -> Response:
    """RFC 9701 §5: for the caller alone, in a member of its own so that it can never pass for an access token."""
    now = int(time.time())
    claims = {"iss": issuer_of(request), "aud": client.client_id, "iat": now, "token_introspection": body}
    token = provider_of(request).keys.signer(now).sign(claims, _SIGNED)
    return Response(token, headers={"Cache-Control": "no-store"}, media_type=f"application/{_SIGNED}")


SHORTCUTS = {("POST", PATH): bounded(introspection)}
