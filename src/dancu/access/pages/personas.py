"""Stepping in as a demonstration persona. Outside a demonstration these addresses say that there are none."""

from __future__ import annotations

from dancu.access import service
from dancu.access.pages.request import address_of, agent_of
from dancu.kernel.errors import NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    DbConn,
    Request,
    Response,
    local_path,
    public,
    read_form,
    render,
    see_other,
    start_session,
    token_of,
)

router = APIRouter()


@router.get("/personas", dependencies=[public()])
async def personas(request: Request, conn: DbConn) -> Response:
    found = await service.demo_personas(conn, demo=request.app.state.settings.demo)
    if not found:
        raise NotFound("demo.off", N_("Chỉ bản trình diễn mới có người dùng mẫu. Xin đăng nhập."))
    return render(request, "access/personas.html", base="base_citizen.html", personas=found)


@router.post("/personas", dependencies=[public()])
async def enter(request: Request, conn: DbConn) -> Response:
    form = await read_form(request)
    token, persona = await service.enter_as(
        conn,
        form.value("persona"),
        demo=request.app.state.settings.demo,
        address=address_of(request),
        agent=agent_of(request),
        old_token=token_of(request),
    )
    response = see_other(local_path(form.value("next"), persona.home))
    start_session(request, response, token)
    return response
