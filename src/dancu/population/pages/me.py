"""The citizen's own record: each fact with its source and date, and beside each a way to say it is wrong."""

from __future__ import annotations

import json

from dancu.access import service as access
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render
from dancu.population import present, service, wording
from dancu.population.pages.record import sections
from dancu.population.wording import labels

router = APIRouter(prefix="/me")


def own_purpose() -> Purpose:
    """Law 91/2025: everyone may see the data kept about them."""
    return access.choose_purpose("own_record")


@router.get("", dependencies=[allow("citizen")])
async def me(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    view = await service.person(conn, actor, own_purpose(), actor.actor_id)
    return render(
        request, "population/me.html", view=view, sections=sections(view, SYSTEM_CLOCK.today()), labels=labels,
        wording=wording,
    )  # fmt: skip


@router.get("/record.json", dependencies=[allow("citizen")])
async def download(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Everything the registry says of oneself, each fact with source and dates, for a program to read (law 91/2025: a copy
    of one's own data). For paper, the page itself prints."""
    view = await service.person(conn, actor, own_purpose(), actor.actor_id)
    body = json.dumps(present.as_json(view), ensure_ascii=False, indent=1)
    return Response(body, media_type="application/json", headers={"Content-Disposition": 'attachment; filename="dancu-ho-so-cua-toi.json"'})
