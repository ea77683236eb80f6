"""The citizen's consents in plain words: who may have what, until when, why; taking back; the receipt to keep."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import NotFound
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    JSONResponse,
    MenuItem,
    Request,
    Response,
    allow,
    attempt,
    public,
    render,
    see_other,
)
from dancu.sharing import service
from dancu.sharing.catalogue import CONSENTS, ordered

router = APIRouter(include_in_schema=False)
HOME = "/account/consents"
MENU: tuple[MenuItem, ...] = ()  # found from the account page: a phone has room for four words


@router.get(HOME, dependencies=[allow("citizen")])
async def consents(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    """Those that stand, those that ended, and what goes out by law without asking."""
    now = SYSTEM_CLOCK.now()
    kept = await service.consents_of(conn, actor)
    return render(
        request, "sharing/consents.html", standing=[one for one in kept if one.stands(now)],
        ended=[one for one in kept if not one.stands(now)], by_law=await service.agreements_without_consent(conn),
        words=CONSENTS, ordered=ordered, moment=now, english=await access.english_names(conn), purpose_title=access.purpose_title, law_name=access.law_name, done=done,
    )  # fmt: skip


@router.post(HOME + "/{consent_id}/withdraw", dependencies=[allow("citizen")])
async def withdraw(conn: DbConn, actor: CurrentActor, consent_id: str) -> Response:
    """Withdrawing what was withdrawn in another window, or has run out, is no error: what was wanted is so."""
    try:
        async with attempt(conn):
            await service.withdraw(conn, actor, consent_id)
    except NotFound:
        return see_other(f"{HOME}?done=gone")
    return see_other(f"{HOME}?done=withdrawn")


@router.get(HOME + "/{consent_id}/receipt", dependencies=[allow("citizen")])
async def receipt(conn: DbConn, actor: CurrentActor, consent_id: str) -> Response:
    """The signed receipt as a file to keep."""
    text = await service.receipt_of(conn, actor, consent_id)
    headers = {"Content-Disposition": 'attachment; filename="bien-nhan-dong-y.jwt"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/jwt", headers=headers)


@router.get("/.well-known/dancu-receipts", dependencies=[public(machine=True)])
async def receipt_keys() -> Any:
    """The public keys (JWK Set) with which anybody checks a receipt or a sealed agreement, without asking us."""
    return JSONResponse(service.receipt_jwks(), headers={"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"})


__all__ = ["MENU", "router"]
