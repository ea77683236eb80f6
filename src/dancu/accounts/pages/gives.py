"""/account/gives: what this account gives me."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from dancu.accounts.models.gives import Paper
from dancu.accounts.service.gives import gives
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render

router = APIRouter(prefix="/account/gives")
#: Papers that are carried in the account and good today; of the room that keeps them (`app.state.papers_carried`).
Carried = Callable[[Conn, Actor], Awaitable[Sequence[Paper]]]


@router.get("", dependencies=[allow("citizen")])
async def page(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    carried: Carried | None = getattr(request.app.state, "papers_carried", None)
    return render(request, "accounts/gives.html", found=await gives(conn, actor, await carried(conn, actor) if carried else ()))
