"""POST /oidc/bc-authorize (CIBA, poll and ping mode)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dancu.accounts.models.approvals import Wanted
from dancu.kernel.actor import Actor
from dancu.kit.web import APIRouter, Conn, Request, Response, public
from dancu.oidc.endpoints.token import slow_down
from dancu.oidc.endpoints.wire import answered, demo_of, json_answer, provider_of, read_wire
from dancu.oidc.present import GROUP_WORDS
from dancu.oidc.service import ciba, consent, requests
from dancu.oidc.service.authenticate import client_of
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.flow import least_acr
from dancu.oidc.service.parsing.authorize import parse_detached

router = APIRouter(dependencies=[public(machine=True)])
PATH = "/oidc/bc-authorize"


@router.post(PATH)
async def backchannel(request: Request) -> Response:
    return await answered(request, _ask)


async def _ask(request: Request) -> Response:
    provider = provider_of(request)
    wire = await read_wire(request)
    known = await client_of(provider.client, wire, renew=provider.renew)
    slow_down(provider, known.client)
    try:
        client, params = await requests.unpacked(wire.params, known.client, wire.issuer, provider.renew)
    except OAuthError as error:
        raise invalid_request(error.description) from error  # CIBA §13 knows no word of its own for it
    if "request" in wire.params:
        ciba.check_signed(params)
    ciba.check(client, params)
    asked = parse_detached(params, client, issuer=wire.issuer)
    try:
        least_acr(asked)
    except OAuthError as error:
        raise invalid_request(error.description) from error
    async with provider.connect() as conn, conn.transaction():
        terms = await consent.terms(conn, client, asked.purpose, demo=demo_of(request))
        body = await ciba.ask(provider, conn, client, asked, terms, params, known.marks, wire.issuer)
    return json_answer(body, headers={"Cache-Control": "no-store"})


async def wanted(request: Request, conn: Conn, actor: Actor, approval_ids: Sequence[str]) -> Mapping[str, Wanted]:
    """What these approvals of the citizen bring about, for the page where they are answered; nothing of those that were not asked for here."""
    return await ciba.wanted(provider_of(request), conn, actor.actor_id, approval_ids, GROUP_WORDS, demo=demo_of(request))
