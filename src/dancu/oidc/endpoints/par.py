"""POST /oidc/par: a request is handed in by the client itself, and only a reference goes through the browser (RFC 9126)."""

from __future__ import annotations

from dancu.kit.web import APIRouter, Request, Response, public
from dancu.oidc.endpoints.token import slow_down
from dancu.oidc.endpoints.wire import answered, bounded, json_answer, preflight, provider_of, read_wire
from dancu.oidc.policy import PUSHED_SECONDS
from dancu.oidc.service import dpop, requests, tokens
from dancu.oidc.service.authenticate import client_of, replayed
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.parsing.authorize import Refused, parse

router = APIRouter(dependencies=[public(machine=True)])
PATH = "/oidc/par"


@router.post(PATH)
async def par(request: Request) -> Response:
    return await answered(request, _par)


router.add_api_route(PATH, preflight, methods=["OPTIONS"])


async def _par(request: Request) -> Response:
    provider = provider_of(request)
    wire = await read_wire(request)
    known = await client_of(provider.client, wire, renew=provider.renew)
    client = known.client
    slow_down(provider, client)
    if "request_uri" in wire.params:
        raise invalid_request("request_uri cannot be pushed")
    if wire.params.get("client_id", client.client_id) != client.client_id:
        raise invalid_request("client_id is another client")
    try:
        proof = dpop.read(provider.sealer, wire)
    except dpop.WrongProof as wrong:
        raise dpop.refusal(wrong, provider.sealer) from wrong
    client, params = await requests.unpacked(wire.params, client, wire.issuer, provider.renew)
    if proof is not None:
        if params.get("dpop_jkt", proof.jkt) != proof.jkt:
            raise OAuthError("invalid_dpop_proof", "dpop_jkt is another key")
        params["dpop_jkt"] = proof.jkt
    try:
        asked = parse(params, client, tokens.hint(provider, wire.issuer, client), issuer=wire.issuer)
        pushed = requests.push(provider.sealer, asked, provider.pushed)
    except Refused as refused:
        raise refused.error from refused
    marks = (*known.marks, proof.mark) if proof else known.marks
    if marks:
        again = proof is not None and (provider.proofs.again(proof) or not known.marks)
        word, _ = await provider.uses.ask((marks, None))
        if word != "ok":
            raise dpop.replayed() if again else replayed()
    headers = {"DPoP-Nonce": dpop.nonce(provider.sealer)} if proof else {}
    return json_answer({"request_uri": pushed, "expires_in": PUSHED_SECONDS}, 201, headers)


SHORTCUTS = {("POST", PATH): bounded(par)}
