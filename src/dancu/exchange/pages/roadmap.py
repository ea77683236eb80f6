"""/watch/exchange/roadmap: every organisation and every promised data set, for the leadership's wall and for paper."""

from __future__ import annotations

from dancu.exchange.models.roadmap import Group, Stage
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import roadmap
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, NotAllowed
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

HOME = "/watch/exchange/roadmap"
SEERS = (policy.WATCH, policy.COORDINATE, policy.REVIEW, policy.JOIN, "dashboard.read")
router = APIRouter(prefix=HOME)

GROUPS = {Group.MINISTRY: N_("Các bộ, ngành"), Group.PROVINCE: N_("Tỉnh, thành phố"), Group.ENTERPRISE: N_("Doanh nghiệp")}
STAGES = {
    Stage.NOT_JOINED: ("draft", N_("Chưa tham gia")), Stage.SECURITY_CHECK: ("us", N_("Kiểm tra an toàn")), Stage.SANDBOX: ("you", N_("Chạy thử")),
    Stage.LIVE: ("done", N_("Hoạt động")), Stage.UNUSED: ("late", N_("Có kết nối, chưa dùng")), Stage.SUSPENDED: ("refused", N_("Đang tạm dừng")),
}  # fmt: skip
#: A page of the wall stays so long; what fits on one, to be read from across the room.
_WALL_SECONDS, _WALL_ROWS, _WALL_LATE = 20, 12, 6


@router.get("", dependencies=[allow(*SEERS)])
async def show(
    request: Request, conn: DbConn, actor: CurrentActor, group: str = "", stage: str = "", sort: str = "overdue", wall: str = "", page: str = "",
    done: str = "",
) -> Response:  # fmt: skip
    if wall:
        return await _wall(request, conn, page)
    return await _show(request, conn, actor, group=group, stage=stage, sort=sort, done=done)


@router.post("/promises", dependencies=[allow(policy.COORDINATE)])
async def promise(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, errors = await read_form(request), FormErrors()
    due = form.date("due", errors)
    if not errors:
        try:
            async with attempt(conn):
                await roadmap.promise(conn, actor, form.value("org_code"), form.value("title"), form.value("owner"), due, note=form.value("note"))
        except NotAllowed:
            raise
        except DancuError as error:
            errors = FormErrors.of(error)
        else:
            return see_other(f"{HOME}?done=promise#promises")
    return await _show(request, conn, actor, form=form, errors=errors)


@router.post("/promises/{promise_no}/delivered", dependencies=[allow(policy.COORDINATE)])
async def delivered(conn: DbConn, actor: CurrentActor, promise_no: int) -> Response:
    await roadmap.delivered(conn, actor, promise_no)
    return see_other(f"{HOME}?done=delivered#promises")


async def _show(
    request: Request, conn: DbConn, actor: CurrentActor, *, group: str = "", stage: str = "", sort: str = "overdue", done: str = "",
    form: Form | None = None, errors: FormErrors | None = None,
) -> Response:  # fmt: skip
    group, stage = group if group in list(Group) else "", stage if stage in list(Stage) else ""
    sort = sort if sort in roadmap.SORTS else "overdue"
    found = await roadmap.roadmap(conn, group=group, stage=stage, sort=sort)
    return render(
        request, "exchange/roadmap.html", status=422 if errors else 200, found=found, group=group, stage=stage, sort=sort,
        groups=GROUPS, stages=STAGES, form=form or Form(), errors=errors or FormErrors(), done=done, may_write=actor.can(policy.COORDINATE),
        may_open=actor.can(policy.WATCH) or actor.can(policy.REVIEW) or actor.can(policy.COORDINATE), made_up=request.app.state.settings.demo,
        orgs=sorted(found.names.items(), key=lambda pair: pair[1]),
    )  # fmt: skip


async def _wall(request: Request, conn: DbConn, page: str) -> Response:
    """One screen, what is late first; of the organisations a page at a time, turned by the page itself."""
    found = await roadmap.roadmap(conn)
    pages = max(1, -(-len(found.lines) // _WALL_ROWS))
    shown = min(max(int(page), 1), pages) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    late = sorted((one for one in found.promises if one.overdue(found.today)), key=lambda one: one.due)
    return render(
        request, "exchange/roadmap_wall.html", found=found, lines=found.lines[(shown - 1) * _WALL_ROWS : shown * _WALL_ROWS], late=late[:_WALL_LATE],
        page=shown, pages=pages, seconds=_WALL_SECONDS, groups=GROUPS, stages=STAGES, at=SYSTEM_CLOCK.now(), made_up=request.app.state.settings.demo,
    )  # fmt: skip
