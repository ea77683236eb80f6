"""Administration of organisations: adding, renaming, moving in the tree, ending."""

from __future__ import annotations

from dancu.access import service
from dancu.access.models import Organisation, OrganisationKind
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
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

router = APIRouter(dependencies=[allow("access.admin")])

KIND_NAMES = {
    OrganisationKind.GOVERNMENT: N_("Cơ quan trung ương"),
    OrganisationKind.COMMITTEE: N_("Ủy ban nhân dân"),
    OrganisationKind.POLICE: N_("Công an"),
    OrganisationKind.JUSTICE: N_("Tư pháp – hộ tịch"),
    OrganisationKind.ONE_STOP: N_("Bộ phận một cửa"),
    OrganisationKind.INSPECTORATE: N_("Thanh tra"),
    OrganisationKind.MINISTRY: N_("Bộ, ngành"),
    OrganisationKind.ENTERPRISE: N_("Doanh nghiệp nhà nước"),
    OrganisationKind.OPERATOR: N_("Đơn vị vận hành"),
}

@router.get("/organisations")
async def organisations(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _organisations(request, conn, actor, Form(), FormErrors())


@router.post("/organisations")
async def add_organisation(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, errors = await read_form(request), FormErrors()
    code, name = form.required("org_code", errors), form.required("name", errors)
    if not errors:
        try:
            async with attempt(conn):
                await service.add_organisation(
                    conn, actor, code, name, form.value("kind"), parent=form.value("parent") or None,
                    name_en=form.value("name_en"),
                )  # fmt: skip
        except DancuError as error:
            errors = FormErrors.of(error)
        else:
            return see_other("/watch/organisations")
    return await _organisations(request, conn, actor, form, errors)


async def _organisations(request: Request, conn: Conn, actor: CurrentActor, form: Form, errors: FormErrors) -> Response:
    known = await service.organisations(conn, actor)
    return render(
        request, "access/organisations.html", base="base_watch.html", kinds=KIND_NAMES,
        form=form, errors=errors,
        kind_options=[(kind, gettext(name, request.state.lang)) for kind, name in KIND_NAMES.items()],
        organisations=known,
        org_options=org_options(known), status=422 if errors else 200,
    )  # fmt: skip


@router.get("/organisations/{org_code}")
async def organisation(request: Request, conn: DbConn, actor: CurrentActor, org_code: str) -> Response:
    org, _ = await service.organisation_view(conn, actor, org_code)
    form = Form.of(name=org.name, name_en=org.name_en, parent=org.parent or "")
    return await _organisation(request, conn, actor, org_code, form, FormErrors())


@router.post("/organisations/{org_code}")
async def change_organisation(request: Request, conn: DbConn, actor: CurrentActor, org_code: str) -> Response:
    form, errors = await read_form(request), FormErrors()
    name, since = form.required("name", errors), form.date("since", errors, required=False)
    if not errors:
        try:
            async with attempt(conn):
                await service.change_organisation(
                    conn, actor, org_code, name, parent=form.value("parent") or None, name_en=form.value("name_en"),
                    since=since,
                )  # fmt: skip
        except DancuError as error:
            errors = FormErrors.of(error)
        else:
            return see_other(f"/watch/organisations/{org_code}?done=changed")
    return await _organisation(request, conn, actor, org_code, form, errors)


@router.post("/organisations/{org_code}/close")
async def close_organisation(request: Request, conn: DbConn, actor: CurrentActor, org_code: str) -> Response:
    try:
        async with attempt(conn):
            await service.close_organisation(conn, actor, org_code)
    except DancuError as error:
        org, _ = await service.organisation_view(conn, actor, org_code)
        form = Form.of(name=org.name, name_en=org.name_en, parent=org.parent or "")
        return await _organisation(request, conn, actor, org_code, form, FormErrors.of(error))
    return see_other(f"/watch/organisations/{org_code}")


async def _organisation(
    request: Request, conn: Conn, actor: CurrentActor, org_code: str, form: Form, errors: FormErrors
) -> Response:
    org, past = await service.organisation_view(conn, actor, org_code)
    known = await service.organisations(conn, actor)
    return render(
        request, "access/organisation.html", base="base_watch.html", org=org, past=past, form=form, errors=errors,
        kind=gettext(KIND_NAMES[OrganisationKind(org.kind)], request.state.lang),
        org_options=org_options([one for one in known if one.org_code != org_code]),
        done=request.query_params.get("done", ""), status=422 if errors else 200,
    )  # fmt: skip


def org_options(organisations: list[Organisation]) -> list[tuple[str, str]]:
    """Organisations as the options of a list."""
    return [(org.org_code, f"{org.name} ({org.org_code})") for org in organisations]
