"""POST /oidc/revoke (RFC 7009)."""

from __future__ import annotations

from dancu.kit.web import APIRouter, Request, Response, public
from dancu.oidc.endpoints.token import slow_down
from dancu.oidc.endpoints.wire import answered, json_answer, preflight, provider_of, read_wire
from dancu.oidc.service import introspect, revoke
from dancu.oidc.service.authenticate import client_of
from dancu.oidc.service.errors import invalid_request

router = APIRouter(dependencies=[public(machine=True)])
PATH = "/oidc/revoke"


@router.post(PATH)
async def revocation(request: Request) -> Response:
    return await answered(request, _revoke)


router.add_api_route(PATH, preflight, methods=["OPTIONS"])


async def _revoke(request: Request) -> Response:
    provider = provider_of(request)
    wire = await read_wire(request)
    known = await client_of(provider.client, wire, renew=provider.renew)
    slow_down(provider, known.client)
    token = wire.params.get("token", "")
    if not token:
        raise invalid_request("token is missing")
    found = introspect.read(provider, wire.issuer, token)
    async with provider.connect() as conn, conn.transaction():
        await revoke.revoke(conn, known.client, found, known.marks, wire.request_id)
    return json_answer({}, headers={"Cache-Control": "no-store"})
