"""POST /oidc/token."""

from __future__ import annotations

from dancu.kit.web import APIRouter, Request, Response, public
from dancu.oidc.endpoints.wire import answered, bounded, json_answer, preflight, provider_of, read_wire
from dancu.oidc.models import Client
from dancu.oidc.service import dpop
from dancu.oidc.service.authenticate import Replayed, client_of
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.grants import HANDLERS, Call
from dancu.oidc.service.parsing.authorize import check_resource
from dancu.oidc.service.provider import Provider

router = APIRouter(dependencies=[public(machine=True)])
PATH = "/oidc/token"
_NOT_KEPT = {"Pragma": "no-cache"}


@router.post(PATH)
async def token(request: Request) -> Response:
    return await answered(request, _token)


router.add_api_route(PATH, preflight, methods=["OPTIONS"])


async def _token(request: Request) -> Response:
    provider = provider_of(request)
    wire = await read_wire(request)
    grant_type = wire.params.get("grant_type", "")
    if not grant_type:
        raise OAuthError("invalid_request", "grant_type is missing")
    client, marks = await client_of(provider.client, wire, renew=provider.renew)
    slow_down(provider, client)
    handle = HANDLERS.get(grant_type)
    if handle is None:
        raise OAuthError("unsupported_grant_type", "grant_type is not known")
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", "the client may not use this grant_type")
    check_resource(wire.params, wire.issuer)
    try:
        proof = dpop.read(provider.sealer, wire)
    except dpop.WrongProof as wrong:
        raise dpop.refusal(wrong, provider.sealer) from wrong
    again = proof is not None and (provider.proofs.again(proof) or not marks)
    call = Call(provider, wire, client, (*marks, proof.mark) if proof else marks, proof, provider.demo)
    try:
        answer = await handle(call)
    except Replayed as error:
        raise (dpop.replayed() if again else error) from error
    return json_answer(answer, headers={**_NOT_KEPT, "DPoP-Nonce": dpop.nonce(provider.sealer)} if proof else _NOT_KEPT)


def slow_down(provider: Provider, client: Client) -> None:
    """Raises OAuthError with 429 for a client that asks faster than it may."""
    wait = provider.too_fast(client)
    if wait:
        raise OAuthError("temporarily_unavailable", "too many requests", 429, {"Retry-After": str(max(1, round(wait + 0.5)))})


SHORTCUTS = {("POST", PATH): bounded(token)}
