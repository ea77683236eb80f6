"""/watch/alerts/persons: persons under special protection, and which person each staff member is."""

from __future__ import annotations

from typing import Final

from dancu.access import service as access
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.monitoring.service import marks as service

HOME: Final = "/watch/alerts/persons"
router = APIRouter(prefix=HOME, include_in_schema=False, dependencies=[allow("exchange.alert")])


@router.get("")
async def show(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    return await _page(request, conn, actor, Form(), FormErrors(), done)


@router.post("/protect")
async def protect(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Protect the person of a number, or end it (`act` "end")."""
    form, ending = await read_form(request), False
    try:
        async with attempt(conn):
            ending = form.value("act") == "end"
            reason = "" if ending else form.value("reason") or "-"
            await service.protect(conn, actor, access.choose_purpose("audit"), form.value("number"), reason)
    except NotAllowed:
        raise
    except DancuError as error:
        return await _page(request, conn, actor, form, FormErrors.of(error), "")
    return see_other(f"{HOME}?done={'ended' if ending else 'protected'}")


@router.post("/staff")
async def staff(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Which person a staff member is."""
    form = await read_form(request)
    try:
        async with attempt(conn):
            await service.know_staff(conn, actor, access.choose_purpose("audit"), form.value("login"), form.value("staff_number"))
    except NotAllowed:
        raise
    except DancuError as error:
        return await _page(request, conn, actor, form, FormErrors.of(error), "")
    return see_other(f"{HOME}?done=staff")


async def _page(request: Request, conn: DbConn, actor: CurrentActor, form: Form, errors: FormErrors, done: str) -> Response:
    protected, known = await service.marks(conn, actor, access.choose_purpose("audit"))
    orgs = await access.organisation_names(conn)
    return render(
        request, "monitoring/marks.html", status=422 if errors else 200, protected=protected, known=known, why=service.WHY, orgs=orgs, form=form, errors=errors,
        done=done,
    )  # fmt: skip
