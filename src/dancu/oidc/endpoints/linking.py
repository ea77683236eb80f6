"""POST /oidc/linking/match: a service has its own customers compared with the registry (docs/linking.md)."""

from __future__ import annotations

from typing import Any

import orjson

from dancu.kit.web import APIRouter, Request, Response, public
from dancu.oidc.endpoints.wire import answered, json_answer, provider_of, read_wire
from dancu.oidc.service import linking
from dancu.oidc.service.bearer import presented
from dancu.oidc.service.errors import OAuthError, invalid_token, resource_error
from dancu.oidc.store import families

router = APIRouter(dependencies=[public(machine=True)])
PATH = "/oidc/linking/match"
_MOST_BYTES = 128 * 1024


@router.post(PATH)
async def match(request: Request) -> Response:
    """With an access token of the client itself (client_credentials, scope linking.match)."""
    return await answered(request, _match)


async def _match(request: Request) -> Response:
    provider = provider_of(request)
    shown = await presented(provider, await read_wire(request, params={}))
    if shown.handle is not None or linking.SCOPE not in shown.scope:
        raise resource_error("insufficient_scope", f"scope {linking.SCOPE} of the client itself is needed", 403, shown.scheme)
    rows = _rows(await request.body())
    async with provider.connect() as conn, conn.transaction():
        if not await families.spend(conn, shown.marks):
            raise invalid_token("the proof was used before", shown.scheme)
        results = await linking.match(conn, provider.sealer, shown.client, rows, request.state.request_id)
    said = [{"ref": one.ref, "outcome": one.outcome.value, **({"sub": one.sub} if one.sub else {})} for one in results]
    return json_answer({"results": said}, headers={"Cache-Control": "no-store"})


def _rows(body: bytes) -> list[linking.Row]:
    if len(body) > _MOST_BYTES:
        raise OAuthError("invalid_request", "the request is too large", 413)
    try:
        value: Any = orjson.loads(body)
        rows = value["rows"]
        return [linking.Row(*(_text(row, name) for name in ("ref", "personal_id", "name", "birthdate"))) for row in rows]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise OAuthError("invalid_request", 'expected {"rows": [{"ref", "personal_id", "name", "birthdate"}]}') from error


def _text(row: Any, name: str) -> str:
    value = row[name]
    if not isinstance(value, str) or len(value) > 200 or "\x00" in value:
        raise TypeError(name)
    return value
