"""Administration of staff: accounts, roles over units."""

from __future__ import annotations

from dancu.access import service
from dancu.access.pages.organisations import org_options
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    allow,
    page_of,
    read_form,
    render,
    see_other,
)

router = APIRouter(dependencies=[allow("access.admin")])

_PAGE = 100


@router.get("/staff")
async def staff(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    page = page_of(request, size=_PAGE)
    found = await service.staff_list(conn, actor, limit=page.size + 1, offset=page.offset)
    page = type(page)(page.number, page.size, more=len(found) > page.size)
    return render(request, "access/staff.html", base="base_watch.html", staff=found[: page.size], page=page)


@router.get("/staff/new")
async def new_staff_form(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _new_staff(request, conn, actor, Form(), FormErrors())


@router.post("/staff/new")
async def new_staff(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, errors = await read_form(request), FormErrors()
    login, name = form.required("login", errors), form.required("name", errors)
    org_code = form.required("org_code", errors)
    if not errors:
        try:
            async with conn.transaction():
                made, code = await service.add_staff(
                    conn, actor, login, name, org_code, os_user=form.value("os_user") or None
                )
        except DancuError as error:
            errors = FormErrors.of(error)
        else:
            return await _one(request, conn, actor, made.staff_id, code=code)
    return await _new_staff(request, conn, actor, form, errors)


async def _new_staff(request: Request, conn: Conn, actor: CurrentActor, form: Form, errors: FormErrors) -> Response:
    return render(
        request, "access/staff_new.html", base="base_watch.html", form=form, errors=errors,
        org_options=org_options(await service.organisations(conn, actor)), status=422 if errors else 200,
    )  # fmt: skip


@router.get("/staff/{staff_id}")
async def one(request: Request, conn: DbConn, actor: CurrentActor, staff_id: int) -> Response:
    return await _one(request, conn, actor, staff_id)


@router.post("/staff/{staff_id}/assign")
async def assign(request: Request, conn: DbConn, actor: CurrentActor, staff_id: int) -> Response:
    form, errors = await read_form(request), FormErrors()
    role = form.required("role", errors)
    starts, ends = form.date("from", errors, required=False), form.date("to", errors, required=False)
    as_of = form.date("as_of", errors, required=False)
    if not errors:
        try:
            async with conn.transaction():
                units = service.units_by_codes(form.value("units"), as_of)
                await service.assign(
                    conn, actor, staff_id, role, org_code=form.value("org_code") or None, unit_ids=units,
                    units_as_of=as_of, valid_from=starts, valid_to=ends, head=form.checked("head"),
                )  # fmt: skip
        except DancuError as error:
            errors = FormErrors.of(error)
        else:
            return see_other(f"/watch/staff/{staff_id}")
    return await _one(request, conn, actor, staff_id, form=form, errors=errors)


@router.post("/staff/{staff_id}/assignments/{assignment_id}/end")
async def end_assignment(
    request: Request, conn: DbConn, actor: CurrentActor, staff_id: int, assignment_id: int
) -> Response:
    await service.end_assignment(conn, actor, assignment_id)
    return see_other(f"/watch/staff/{staff_id}")


@router.post("/staff/{staff_id}/reset")
async def reset(request: Request, conn: DbConn, actor: CurrentActor, staff_id: int) -> Response:
    code = await service.reset(conn, actor, staff_id)
    return await _one(request, conn, actor, staff_id, code=code)


@router.post("/staff/{staff_id}/second-factor")
async def reset_totp(request: Request, conn: DbConn, actor: CurrentActor, staff_id: int) -> Response:
    await service.reset_totp(conn, actor, staff_id)
    return see_other(f"/watch/staff/{staff_id}?done=factor")


@router.post("/staff/{staff_id}/deactivate")
async def deactivate(request: Request, conn: DbConn, actor: CurrentActor, staff_id: int) -> Response:
    await service.deactivate(conn, actor, staff_id)
    return see_other(f"/watch/staff/{staff_id}")


async def _one(
    request: Request,
    conn: Conn,
    actor: CurrentActor,
    staff_id: int,
    *,
    code: str = "",
    form: Form | None = None,
    errors: FormErrors | None = None,
) -> Response:
    vietnamese = request.state.lang == "vi"
    names = {role.code: role.name if vietnamese else role.name_en for role in service.roles()}
    return render(
        request,
        "access/staff_one.html",
        base="base_watch.html",
        view=await service.staff_view(conn, actor, staff_id),
        setup_code=code,
        done=request.query_params.get("done", ""),
        role_names=names,
        role_options=list(names.items()),
        unit_name=service.unit_name,
        org_options=org_options(await service.organisations(conn, actor)),
        form=form or Form(),
        errors=errors or FormErrors(),
        status=422 if errors else 200,
    )
