"""/partner/subscriptions: an organisation's staff see how news reaches their programs: behind, failing, refused; and mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from dancu.access import service as access
from dancu.exchange.models.subscription import Mode
from dancu.exchange.pages.portal import HOME as PORTAL
from dancu.exchange.pages.portal import JOIN
from dancu.exchange.rules import KINDS
from dancu.exchange.service import delivery, receipts
from dancu.exchange.service import subscriber as service
from dancu.exchange.service.spdci.notify import Teller
from dancu.kernel.errors import DancuError, FieldError, Invalid, NotAllowed, NotFound
from dancu.kit.i18n import N_
from dancu.kit.outbound import rules
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
    own_address,
    read_form,
    render,
    see_other,
)
from dancu.kit.web.transaction import RequestLease

HOME = f"{PORTAL}/subscriptions"
router = APIRouter(prefix=HOME, dependencies=[allow(JOIN)])

STATES: Final = {"active": ("done", N_("Đang gửi")), "paused": ("late", N_("Tạm dừng"))}
MODES: Final = {Mode.PUSH: N_("gửi tới địa chỉ của cơ quan"), Mode.PULL: N_("chương trình tự lấy")}
HELD: Final = N_("Một cảnh báo đang giữ chương trình này nên chưa gửi gì được. Tin vẫn còn: gửi lại khi đã hết giữ.")
DONE: Final = {
    "made": N_("Đã đăng ký. Tin có từ bây giờ sẽ được gửi."), "pause": N_("Đã tạm dừng. Không tin nào bị mất."),
    "resume": N_("Đã bật lại. Tin trong lúc dừng sẽ được gửi tiếp."), "end": N_("Đã hủy đăng ký."),
    "now": N_("Đang thử gửi lại. Tải lại trang sau ít giây để xem kết quả."), "replay": N_("Sẽ gửi lại từ vị trí đã chọn."), "sent": N_("Đã gửi lại: cơ quan đã nhận tin này."),
    "again": N_("Gửi lại chưa được: tin vẫn nằm trong danh sách."), "held": HELD, "let_go": N_("Đã bỏ qua tin này."),
}  # fmt: skip
#: Why a delivery failed -> what to do about it; an HTTP status speaks for itself.
WHY: Final = {
    "outbound.not_allowed": N_("Địa chỉ không nằm trong danh sách được phép gọi ra"), "outbound.timeout": N_("Không trả lời kịp trong 10 giây"),
    "outbound.unreachable": N_("Không nối tới được"), "outbound.too_large": N_("Câu trả lời dài quá"), "outbound.broken": N_("Câu trả lời hỏng"),
    "refused by the subscriber": N_("Chương trình của cơ quan từ chối tin này"), "answered 410 Gone": N_("Địa chỉ báo đã ngừng nhận (410)"),
    "no longer yours": N_("Tin không còn thuộc đăng ký này"),
}  # fmt: skip
WORDS: Final[dict[str, Any]] = {"kinds": KINDS, "states": STATES, "modes": MODES, "why": WHY, "done_words": DONE}


@router.get("")
async def every(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    found = await service.overview(conn, actor)
    return render(request, "exchange/subscriptions.html", found=found, done=done if done in DONE else "", **WORDS)


@router.get("/new")
async def new(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _new(request, conn, actor, Form.of(mode="push", batch=100), FormErrors())


@router.post("/new")
async def subscribe(request: Request, held: RequestLease, actor: CurrentActor) -> Response:
    """The address is asked whether it wants news before anything is written, with no connection held meanwhile."""
    form = await read_form(request)
    mode = Mode.PUSH if form.value("mode") != "pull" else Mode.PULL
    url = form.value("url") if mode is Mode.PUSH else ""
    try:
        if mode is Mode.PUSH:
            await _asked(request, url)
        conn = await held.connection()
        async with attempt(conn):
            await service.begin(
                conn, actor, _number(form.value("program")), form.value("purpose"), form.values("kinds"), mode, url, _number(form.value("batch"))
            )
    except DancuError as error:
        return await _new(request, await held.connection(), actor, form, _beside(error))
    return see_other(f"{HOME}?done=made")


@router.get("/{subscription_id}")
async def one(request: Request, conn: DbConn, actor: CurrentActor, subscription_id: str, done: str = "") -> Response:
    return await _one(request, conn, actor, subscription_id, done=done)


@router.post("/{subscription_id}/letters/{seq}/again")
async def again(request: Request, held: RequestLease, actor: CurrentActor, subscription_id: str, seq: int) -> Response:
    """Send a refused event again, now."""
    conn = await held.connection()
    try:
        async with attempt(conn):
            sub = await service.may_send_again(conn, actor, subscription_id, seq)
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _one(request, conn, actor, subscription_id, errors=FormErrors.of(error))
    await held.release()
    keys, allowed = receipts.AnswerKeys(Path(request.app.state.keys) / "exchange"), rules(request.app.state.outbound)
    outcome = await delivery.redeliver(
        held.statement, sub, seq, allowed, keys.sign_request, own_address(request), tellers={"spdci": Teller(keys)}
    )
    done = "held" if outcome == "held" else "again" if outcome else "sent"
    return see_other(f"{HOME}/{sub.subscription_id}?done={done}#letters")


@router.post("/{subscription_id}/letters/{seq}/let-go")
async def let_go(request: Request, conn: DbConn, actor: CurrentActor, subscription_id: str, seq: int) -> Response:
    return await _changed(request, conn, actor, subscription_id, "let_go", lambda: service.let_go(conn, actor, subscription_id, seq))


@router.post("/{subscription_id}/{step}")
async def step(request: Request, conn: DbConn, actor: CurrentActor, subscription_id: str, step: str) -> Response:
    form = await read_form(request)
    steps: dict[str, Callable[[], Awaitable[None]]] = {
        "pause": lambda: service.pause(conn, actor, subscription_id),
        "resume": lambda: service.resume(conn, actor, subscription_id),
        "now": lambda: service.try_now(conn, actor, subscription_id),
        "replay": lambda: service.replay(conn, actor, subscription_id, form.value("after")),
        "end": lambda: service.end(conn, actor, subscription_id),
    }
    if step not in steps:
        raise NotFound("page.none", "Không có trang này.")
    return await _changed(request, conn, actor, subscription_id, step, steps[step], form)


async def _asked(request: Request, url: str) -> None:
    why = await delivery.handshake(url, rules(request.app.state.outbound), urlsplit(own_address(request)).netloc) if url else "empty"
    if why == "empty":
        raise Invalid("events.url", N_("Hãy nhập địa chỉ nhận tin."))
    if why == "outbound.not_allowed":
        raise Invalid("events.url_not_allowed", N_("Địa chỉ này không nằm trong danh sách được phép gọi ra. Hãy liên hệ đơn vị vận hành."))
    if why:
        raise Invalid("events.url_not_ready", N_("Địa chỉ nhận tin chưa đồng ý nhận (OPTIONS, WebHook-Allowed-Origin): {why}."), why=why)


_FIELDS: Final = {
    "events.url": "url", "events.url_not_allowed": "url", "events.url_not_ready": "url", "events.kind": "kinds", "agreement.field": "kinds",
    "events.batch": "batch", "events.program": "program", "events.purpose": "purpose", "events.after": "after", "events.after_place": "after",
}  # fmt: skip


def _beside(error: DancuError) -> FormErrors:
    """The failure beside the field it is about."""
    field = _FIELDS.get(error.code)
    if field is None or error.fields:
        return FormErrors.of(error)
    return FormErrors((FieldError(field, error.code, error.message, tuple(error.params.items())),))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


async def _new(request: Request, conn: DbConn, actor: CurrentActor, form: Form, errors: FormErrors) -> Response:
    found = await service.overview(conn, actor)
    return render(
        request, "exchange/subscription_new.html", status=422 if errors else 200, found=found, form=form, errors=errors,
        programs=[(str(one.client_no), one.name) for one in found.programs],
        purposes=[(code, access.purpose_title(code)) for code in (found.agreement.purposes if found.agreement else ())], **WORDS,
    )  # fmt: skip


async def _one(
    request: Request, conn: DbConn, actor: CurrentActor, subscription_id: str, *, done: str = "", form: Form | None = None,
    errors: FormErrors | None = None,
) -> Response:  # fmt: skip
    seen, letters, head = await service.one(conn, actor, subscription_id)
    return render(
        request, "exchange/subscription.html", status=422 if errors else 200, seen=seen, letters=letters, head=head, form=form or Form(),
        errors=errors or FormErrors(), done=done if done in DONE else "", purpose_title=access.purpose_title, law_name=access.law_name,
        home=f"{HOME}/{seen.sub.subscription_id}", **WORDS,
    )  # fmt: skip


async def _changed(
    request: Request, conn: DbConn, actor: CurrentActor, subscription_id: str, done: str, change: Callable[[], Awaitable[None]],
    form: Form | None = None,
) -> Response:  # fmt: skip
    try:
        async with attempt(conn):
            await change()
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _one(request, conn, actor, subscription_id, form=form, errors=_beside(error))
    return see_other(f"{HOME if done == 'end' else f'{HOME}/{subscription_id}'}?done={done}")
