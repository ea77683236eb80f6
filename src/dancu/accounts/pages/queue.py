"""/desk/eid: applications that wait, what falls due first on top; one beside what the registry says."""

from __future__ import annotations

from dancu.access import service as access
from dancu.accounts.models.locks import Ground
from dancu.accounts.policy.registration import REASONS, may_approve, needs_remark
from dancu.accounts.service import deadlines, locks, queue
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
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

router = APIRouter(prefix="/desk/eid")
CHANNELS = {
    "online": N_("Qua mạng"), "counter": N_("Tại quầy"), "doorstep": N_("Tại nhà"), "import": N_("Nhập"), "demo": N_("Trình diễn"),
}  # fmt: skip


def _why() -> Purpose:
    return access.choose_purpose("eid_account")


@router.get("", dependencies=[allow("eid.application.read")])
async def waiting(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    lines = await queue.waiting(conn, actor, _why())
    return render(
        request, "accounts/queue.html", lines=lines, late=await deadlines.late_for(conn, actor), reasons=REASONS, channels=CHANNELS, today=SYSTEM_CLOCK.today(),
        done=done if done in ("approved", "held", "refused") else "", purpose=_why(), purpose_title=access.purpose_title("eid_account"),
    )  # fmt: skip


async def _sheet(
    request: Request, conn: Conn, actor: CurrentActor, application_id: int, form: Form, errors: FormErrors, *, compare: bool = False
) -> Response:
    sheet = await queue.sheet(conn, actor, _why(), application_id)
    before, after = await queue.neighbours(conn, actor, _why(), application_id)
    page = f"/desk/eid/applications/{application_id}"
    picture = f"{page}/portrait" if sheet.portrait else ""
    return render(
        request, "accounts/application_sheet.html", sheet=sheet, one=sheet.application, form=form, errors=errors,
        rows=[(gettext(term), left, right) for term, left, right in sheet.rows], reasons=REASONS, channels=CHANNELS,
        picture=picture, page=page, kept=f"{page}/reference" if compare and sheet.reference else "", before=before, after=after, approvable=may_approve(sheet.application.reasons) and sheet.registered,
        today=SYSTEM_CLOCK.today(), purpose=_why(), purpose_title=access.purpose_title("eid_account"),
        doubtful=needs_remark(sheet.application.reasons), status=422 if errors else 200,
    )  # fmt: skip


@router.get("/applications/{application_id}", dependencies=[allow("eid.application.read")])
async def one(request: Request, conn: DbConn, actor: CurrentActor, application_id: int, compare: str = "") -> Response:
    return await _sheet(request, conn, actor, application_id, Form(), FormErrors(), compare=bool(compare))


@router.get("/applications/{application_id}/portrait", dependencies=[allow("eid.application.read")])
async def portrait(conn: DbConn, actor: CurrentActor, application_id: int) -> Response:
    image = await queue.portrait(conn, actor, _why(), application_id)
    return Response(image, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.get("/applications/{application_id}/reference", dependencies=[allow("eid.application.decide")])
async def reference(conn: DbConn, actor: CurrentActor, application_id: int) -> Response:
    """The picture of the page that was asked to compare; of no other page, and of no cache."""
    image, _ = await queue.reference(conn, actor, _why(), application_id)
    return Response(image, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.post("/applications/{application_id}/approve", dependencies=[allow("eid.application.decide")])
async def approve(request: Request, conn: DbConn, actor: CurrentActor, application_id: int) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            key = await queue.approve(conn, actor, _why(), application_id, remark=form.value("remark")[:500])
            held = await locks.why(conn, key) is Ground.CARD_REVOKED
    except DancuError as error:
        return await _sheet(request, conn, actor, application_id, form, FormErrors.of(error))
    return see_other("/desk/eid?done=held" if held else "/desk/eid?done=approved")


@router.post("/applications/{application_id}/refuse", dependencies=[allow("eid.application.decide")])
async def refuse(request: Request, conn: DbConn, actor: CurrentActor, application_id: int) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            await queue.refuse(conn, actor, _why(), application_id, form.value("reason")[:500])
    except DancuError as error:
        return await _sheet(request, conn, actor, application_id, form, FormErrors.of(error))
    return see_other("/desk/eid?done=refused")
