"""The citizen's connected services: where they are signed in, what each may see, and ending it."""

from __future__ import annotations

from dancu.access import service as access
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render, see_other
from dancu.oidc.present import GROUP_WORDS, demo_of, issuer_of, name_of, ordered
from dancu.oidc.service import connections as service

router = APIRouter()
HOME = "/account/services"


@router.get(HOME, dependencies=[allow("citizen")])
async def services(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    found = await service.connections(conn, actor)
    return render(
        request, "oidc/services.html", connections=[(name_of(request, one.client), one) for one in found], english=await access.english_names(conn), words=GROUP_WORDS,
        ordered=ordered, done=done, moment=SYSTEM_CLOCK.now(),
    )  # fmt: skip


@router.post(HOME + "/{client_id}/end", dependencies=[allow("citizen")])
async def end(request: Request, conn: DbConn, actor: CurrentActor, client_id: str) -> Response:
    await service.disconnect(conn, actor, client_id, issuer_of(request), demo=demo_of(request))
    return see_other(f"{HOME}?done=ended")
