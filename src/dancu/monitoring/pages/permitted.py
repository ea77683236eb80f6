"""/me/looks/permitted: which organisations may ask about me, by agreement."""

from __future__ import annotations

from dancu.access import service as access
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render
from dancu.monitoring.service import permitted as service
from dancu.sharing.models import FIELDS, SERVICES, ordered_fields

router = APIRouter(include_in_schema=False)


@router.get("/me/looks/permitted", dependencies=[allow("citizen")])
async def show(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    found = await service.permitted(conn, actor, access.choose_purpose("own_record"))
    return render(
        request, "monitoring/permitted.html", found=found, services=SERVICES, fields=FIELDS, ordered=ordered_fields, purpose_title=access.purpose_title,
        law_name=access.law_name,
    )  # fmt: skip
