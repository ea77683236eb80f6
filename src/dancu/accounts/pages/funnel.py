"""/watch/eid: the funnel. /desk/eid/accounts: the rows behind a figure, for officers of the place."""

from __future__ import annotations

from datetime import date

from dancu.access import service as access
from dancu.accounts.pages.queue import CHANNELS
from dancu.accounts.service import activate, core, deadlines, funnel
from dancu.kernel.errors import DancuError
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.population import service as population
from dancu.population.service.relatives import names_now

router = APIRouter()
STAGES = {
    "idle": N_("Chưa kích hoạt"), "approved": N_("Đã duyệt"), "notified": N_("Đã báo"), "activated": N_("Đã kích hoạt"),
    "used": N_("Đã dùng"),
}  # fmt: skip
DEADLINES = {"application": N_("Hồ sơ chờ duyệt"), "visit": N_("Lượt mức 2 chờ cán bộ thứ hai"), "lock": N_("Yêu cầu khóa chờ quyết định")}
STATES = {
    "approved": ("us", N_("Đã duyệt, chưa báo")), "notified": ("you", N_("Chờ kích hoạt")), "active": ("done", N_("Đang dùng")),
    "locked": ("refused", N_("Đang khóa")), "closed": ("draft", N_("Đã đóng")),
}  # fmt: skip


@router.get("/watch/eid", dependencies=[allow("dashboard.read")])
async def figures(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    why = access.choose_purpose("statistics")
    found = await funnel.funnel(conn, actor, why)
    late = await deadlines.deadlines(conn, actor, why, permission=deadlines.ANSWER)
    return render(
        request, "accounts/funnel.html", found=found, late=late, kinds=DEADLINES, made_up=request.app.state.settings.demo, channels=CHANNELS, reasons=activate.IDLE_REASONS, weeks=funnel.WEEKS,
        rows=actor.can("eid.application.read"),
    )  # fmt: skip


@router.get("/desk/eid/accounts", dependencies=[allow("eid.application.read")])
async def rows(
    request: Request, conn: DbConn, actor: CurrentActor, unit: int | None = None, week: str = "", channel: str = "",
    stage: str = "idle", reason: str | None = None,
) -> Response:  # fmt: skip
    why = access.choose_purpose("eid_account")
    stage = stage if stage in STAGES else "idle"
    monday = _day(week)
    found = await funnel.accounts_behind(
        conn, actor, why, unit_id=unit, week=monday, channel=channel if channel in CHANNELS else "", stage=stage,
        reason=reason if reason in (None, "", *activate.IDLE_REASONS) else None,
    )  # fmt: skip
    names = await names_now(conn, actor, why, [line.person_key for line in found])
    return render(
        request, "accounts/accounts.html", found=found, names=names, stage=stage, stages=STAGES, states=STATES,
        reasons=activate.IDLE_REASONS, channels=CHANNELS, last_day=activate.last_day, purpose=why, purpose_title=access.purpose_title("eid_account"),
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@router.get("/desk/eid/accounts/{key}", dependencies=[allow("eid.application.read")])
async def one(request: Request, conn: DbConn, actor: CurrentActor, key: int, noted: str = "") -> Response:
    return await _one(request, conn, actor, key, FormErrors(), noted=bool(noted))


async def _one(request: Request, conn: DbConn, actor: CurrentActor, key: int, errors: FormErrors, *, noted: bool = False) -> Response:
    why = access.choose_purpose("eid_account")
    view = await population.person(conn, actor, why, key)
    account = await core.existing(conn, key)
    return render(
        request, "accounts/account_desk.html", account=account, view=view, states=STATES, channels=CHANNELS, errors=errors,
        happenings=await core.happenings(conn, key, limit=20), reasons=activate.IDLE_REASONS, noted=noted, purpose=why, last_day=activate.last_day,
        purpose_title=access.purpose_title("eid_account"), status=422 if errors else 200,
    )  # fmt: skip


@router.post("/desk/eid/accounts/{key}/reason", dependencies=[allow("eid.application.decide")])
async def reason(request: Request, conn: DbConn, actor: CurrentActor, key: int) -> Response:
    form, why = await read_form(request), access.choose_purpose("eid_account")
    try:
        async with attempt(conn):
            await population.open_person(conn, actor, why, key, fields=("account",))
            await activate.note_idle(conn, actor, why, key, form.value("reason"))
    except DancuError as error:
        return await _one(request, conn, actor, key, FormErrors.of(error))
    return see_other(f"/desk/eid/accounts/{key}?noted=1")
