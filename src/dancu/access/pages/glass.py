"""Emergency openings: the form, and the list that supervisors and auditors review."""

from __future__ import annotations

from dancu.access import service
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    RecordAsked,
    Request,
    Response,
    allow,
    attempt,
    local_path,
    read_form,
    render,
    see_other,
)

router = APIRouter()


async def _form(
    request: Request, conn: Conn, person: int, next_url: str, form: Form, errors: FormErrors, actor_id: int
) -> Response:
    return render(
        request,
        "access/break_glass.html",
        base="base_desk.html",
        person=person,
        next_url=next_url,
        form=form,
        errors=errors,
        bases=[
            (law.code, service.law_name(law.code, request.state.lang))
            for _, laws in service.purposes(serving=["break_glass"])
            for law in laws
        ],
        supervisor=await service.supervisor_of(conn, actor_id),
        status=422 if errors else 200,
    )


@router.get("/desk/break-glass", dependencies=[allow("break_glass")])
async def break_glass_form(
    request: Request, conn: DbConn, actor: CurrentActor, person: RecordAsked, next: str = "/desk"
) -> Response:
    return await _form(request, conn, person, local_path(next), Form(), FormErrors(), actor.actor_id)


@router.post("/desk/break-glass", dependencies=[allow("break_glass")])
async def break_glass(request: Request, conn: DbConn, actor: CurrentActor, person: RecordAsked) -> Response:
    form = await read_form(request)
    next_url = local_path(form.value("next"), "/desk")
    try:
        async with attempt(conn):
            purpose = service.choose_purpose("break_glass", form.value("basis"), form.value("case_ref"))
            await service.break_glass(conn, actor, person, form.value("reason"), purpose)
    except DancuError as error:
        return await _form(request, conn, person, next_url, form, FormErrors.of(error), actor.actor_id)
    return see_other(next_url)


@router.get("/watch/emergency", dependencies=[allow("break_glass.review")])
async def reviews(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _reviews(request, conn, actor, FormErrors())


@router.post("/watch/emergency/{glass_id}", dependencies=[allow("break_glass.review")])
async def review(request: Request, conn: DbConn, actor: CurrentActor, glass_id: int) -> Response:
    form = await read_form(request)
    try:
        async with conn.transaction():
            await service.review(conn, actor, glass_id, form.value("finding"), form.value("comment"))
    except DancuError as error:
        return await _reviews(request, conn, actor, FormErrors.of(error))
    return see_other("/watch/emergency")


async def _reviews(request: Request, conn: DbConn, actor: CurrentActor, errors: FormErrors) -> Response:
    return render(
        request,
        "access/reviews.html",
        base="base_watch.html",
        law_name=lambda basis: service.law_name(basis, request.state.lang),
        openings=await service.openings(conn, actor),
        errors=errors,
        form=Form(),
        status=422 if errors else 200,
    )
