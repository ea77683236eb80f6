"""/account/gives: what this account gives me."""

from __future__ import annotations

from dancu.accounts.service.gives import gives
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render

router = APIRouter(prefix="/account/gives")


@router.get("", dependencies=[allow("citizen")])
async def page(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return render(request, "accounts/gives.html", found=await gives(conn, actor))
