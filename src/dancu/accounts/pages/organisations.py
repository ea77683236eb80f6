"""/account/organisations: the organisations a citizen represents or acts for. /desk/eid/organisations: those that wait."""

from __future__ import annotations

from datetime import timedelta

from dancu.access import service as access
from dancu.accounts.models.organisation import POWERS
from dancu.accounts.service import organisations
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
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

router = APIRouter()
STATES = {
    "waiting": ("us", N_("Đang được xem xét")), "active": ("done", N_("Đang dùng")), "refused": ("refused", N_("Chưa được duyệt")),
    "closed": ("draft", N_("Đã đóng")),
}  # fmt: skip


@router.get("/account/organisations", dependencies=[allow("citizen")])
async def mine(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    return await _mine(request, conn, actor, Form(), FormErrors(), done=bool(done))


async def _mine(request: Request, conn: Conn, actor: CurrentActor, form: Form, errors: FormErrors, *, done: bool = False) -> Response:
    return render(
        request, "accounts/organisations.html", held=await organisations.mine(conn, actor), states=STATES, powers=POWERS, form=form,
        errors=errors, done=done, status=422 if errors else 200,
    )  # fmt: skip


@router.get("/account/organisations/{organisation_no}/staff", dependencies=[allow("citizen")])
async def staff(request: Request, conn: DbConn, actor: CurrentActor, organisation_no: int, done: str = "") -> Response:
    return await _staff(request, conn, actor, organisation_no, Form(), FormErrors(), done=done)


async def _staff(
    request: Request, conn: Conn, actor: CurrentActor, organisation_no: int, form: Form, errors: FormErrors, *, done: str = ""
) -> Response:
    """Who acts for the organisation, by name, and mandating another: for its representative alone."""
    org = await organisations.represented(conn, actor, organisation_no)
    given = [one for one in await organisations.mandates(conn, actor, organisation_no) if one.kind == "staff"]
    today = SYSTEM_CLOCK.today()
    return render(
        request, "accounts/organisation_staff.html", org=org, holding=[one for one in given if one.holds(today)],
        over=[one for one in reversed(given) if not one.holds(today)], names=await organisations.names(conn, actor, given),
        powers=POWERS, form=form, errors=errors, done=done, day=timedelta(days=1), status=422 if errors else 200,
    )  # fmt: skip


@router.post("/account/organisations", dependencies=[allow("citizen")])
async def apply(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            await organisations.apply(conn, actor, form.value("tax_code"), form.value("name"))
    except DancuError as error:
        return await _mine(request, conn, actor, form, FormErrors.of(error))
    return see_other("/account/organisations?done=1")


@router.post("/account/organisations/{organisation_no}/mandates", dependencies=[allow("citizen")])
async def mandate(request: Request, conn: DbConn, actor: CurrentActor, organisation_no: int) -> Response:
    form, errors = await read_form(request), FormErrors()
    until = form.date("until", errors, required=False)
    if errors:
        return await _staff(request, conn, actor, organisation_no, form, errors)
    try:
        async with attempt(conn):
            await organisations.mandate(
                conn, actor, organisation_no, form.value("number"), form.value("staff_name"), form.values("power"),
                until=until + timedelta(days=1) if until else None,
            )
    except NotAllowed:
        raise
    except DancuError as error:
        return await _staff(request, conn, actor, organisation_no, form, FormErrors.of(error))
    return see_other(f"/account/organisations/{organisation_no}/staff?done=given")


@router.post("/account/organisations/{organisation_no}/mandates/{key}/{mandate_id}/end", dependencies=[allow("citizen")])
async def end(request: Request, conn: DbConn, actor: CurrentActor, organisation_no: int, key: int, mandate_id: int) -> Response:
    try:
        async with attempt(conn):
            await organisations.end_mandate(conn, actor, organisation_no, key, mandate_id)
    except NotFound as error:
        return await _staff(request, conn, actor, organisation_no, Form(), FormErrors.of(error))
    return see_other(f"/account/organisations/{organisation_no}/staff?done=ended")


@router.get("/desk/eid/organisations", dependencies=[allow("eid.application.read")])
async def waiting(request: Request, conn: DbConn, actor: CurrentActor, decided: str = "") -> Response:
    return await _waiting(request, conn, actor, FormErrors(), decided)


async def _waiting(request: Request, conn: Conn, actor: CurrentActor, errors: FormErrors, decided: str = "") -> Response:
    why = access.choose_purpose("eid_account")
    return render(
        request, "accounts/organisations_desk.html", found=await organisations.waiting(conn, actor, why), today=SYSTEM_CLOCK.today(),
        errors=errors, decided=decided, purpose=why, purpose_title=access.purpose_title(why.code), status=422 if errors else 200,
    )  # fmt: skip


@router.post("/desk/eid/organisations/{organisation_no}", dependencies=[allow("eid.application.decide")])
async def decide(request: Request, conn: DbConn, actor: CurrentActor, organisation_no: int) -> Response:
    form, why = await read_form(request), access.choose_purpose("eid_account")
    try:
        async with attempt(conn):
            await organisations.decide(
                conn, actor, why, organisation_no, approve=form.value("decision") == "approve", reason=form.value("reason")[:500]
            )
    except DancuError as error:
        return await _waiting(request, conn, actor, FormErrors.of(error))
    return see_other(f"/desk/eid/organisations?decided={'approve' if form.value('decision') == 'approve' else 'refuse'}")
