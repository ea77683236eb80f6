"""GET /api/v1/exchange/proof/{name}: the inclusion proof of an entry that a receipt names. Whoever holds the receipt may fetch it:
the name cannot be guessed, and the proof does not say whom the entry concerns. GET /exchange/jwks: the keys of answers and
receipts."""

from __future__ import annotations

from fastapi import Path

from dancu.audit import service as audit
from dancu.exchange.endpoints.door import exchange_of
from dancu.exchange.models.call import Refused
from dancu.kernel.errors import NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, DbConn, JSONResponse, Request, Response, public

router = APIRouter(tags=["exchange"], dependencies=[public(machine=True)])


@router.get("/api/v1/exchange/proof/{name}", summary="Inclusion proof of an entry named by a receipt")
async def proof(request: Request, conn: DbConn, name: str = Path(max_length=40, examples=["q2VdK1m0TtS8rYwLx4ZbHg"])) -> Response:
    """Available as soon as the entry is in the log, within two seconds; until then 404 with Retry-After."""
    named = exchange_of(request).keys.entry_of(name)
    try:
        if named is None:
            raise NotFound("exchange.proof.unknown", "")
        entry_id, client_no = named
        vkey = audit.load_verifier(request.app.state.keys).vkey
        found = await audit.proof(conn, entry_id, disclose=audit.PROGRAM, vkey=vkey, client_no=client_no)
    except NotFound as error:
        said = N_("Chưa có bằng chứng này: mục vừa được ghi thì chờ một giây rồi thử lại; mã sai thì không bao giờ có.")
        raise Refused("exchange.proof.unknown", said, 404, {"Retry-After": "1"}) from error
    return JSONResponse(found.as_json(), headers={"Cache-Control": "no-store"})


@router.get("/exchange/jwks", summary="Public keys of answers and receipts", include_in_schema=False)
async def jwks(request: Request) -> Response:
    return JSONResponse(exchange_of(request).keys.jwks(), headers={"Cache-Control": "public, max-age=3600"})
