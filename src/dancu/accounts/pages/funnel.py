"""/watch/eid: the funnel. /desk/eid/accounts: the rows behind a figure, for officers of the place."""

from __future__ import annotations

import csv
import io
from datetime import date

from dancu.access import service as access
from dancu.accounts.pages.queue import CHANNELS
from dancu.accounts.service import activate, core, deadlines, funnel
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError
from dancu.kit.handles import handle
from dancu.kit.i18n import N_, gettext
from dancu.kit.sheets.sheet import disarmed
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    RecordKey,
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
from dancu.territory.service import gazetteer

router = APIRouter()
STAGES = {
    "idle": N_("Chưa kích hoạt"), "approved": N_("Đã duyệt"), "notified": N_("Đã báo"), "activated": N_("Đã kích hoạt"),
    "used": N_("Đã dùng"),
}  # fmt: skip
DEADLINES = {"application": N_("Hồ sơ chờ duyệt"), "visit": N_("Lượt mức 2 chờ cán bộ thứ hai"), "lock": N_("Yêu cầu khóa chờ quyết định")}
HEADS = (N_("Mã xã, phường"), N_("Xã, phường"), N_("Tuần từ ngày"), N_("Cách nộp"), N_("Nộp"), N_("Duyệt"), N_("Báo"), N_("Đã kích hoạt"), N_("Dùng"))
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


@router.get("/watch/eid.csv", dependencies=[allow("dashboard.read")])
async def table(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The same figures for a spreadsheet: a line per commune, week and channel, counts only."""
    found = await funnel.funnel(conn, actor, access.choose_purpose("statistics"))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([gettext(head) for head in HEADS])
    for one in found.stages:
        unit = gazetteer().unit(one.unit_id)
        counts = [getattr(one, stage) for stage in funnel.STAGES]
        writer.writerow([unit.code, disarmed(unit.title), one.week.isoformat(), gettext(CHANNELS.get(one.channel, one.channel)), *counts])
    # A spreadsheet takes a file of UTF-8 for something else unless it is marked; and what is made up says so in its name.
    name = f"dancu-eid-{SYSTEM_CLOCK.today():%Y-%m-%d}{'-demo' if request.app.state.settings.demo else ''}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(out.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


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
async def one(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, noted: str = "") -> Response:
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
async def reason(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
    form, why = await read_form(request), access.choose_purpose("eid_account")
    try:
        async with attempt(conn):
            await population.open_person(conn, actor, why, key, fields=("account",))
            await activate.note_idle(conn, actor, why, key, form.value("reason"))
    except DancuError as error:
        return await _one(request, conn, actor, key, FormErrors.of(error))
    return see_other(f"/desk/eid/accounts/{handle(actor, key)}?noted=1")
