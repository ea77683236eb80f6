"""The hotline's desk: questions, one word as the answer, and what may follow. Answers are posted and kept nowhere."""

from __future__ import annotations

from dancu.access import service as access
from dancu.accounts.present import protection as words
from dancu.accounts.service import hotline, hotline_phone, locks
from dancu.kernel.dates import parse_date
from dancu.kernel.errors import DancuError, Invalid, NotAllowed
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

# What the agent chooses by; the citizen reads hotline_phone.WISHES.
ASKS = {
    "caller": N_("Người gọi có phải chủ tài khoản không"),
    "lock": N_("Khóa tài khoản"),
    "recover": N_("Gửi đường dẫn lấy lại tài khoản"),
}
router = APIRouter(dependencies=[allow(hotline.PERMISSION)])
DESK = "/desk/hotline"


def _page(request: Request, form: Form, errors: FormErrors, *, call: object = None, done: str = "", sent: str = "") -> Response:
    why = locks.eid_purpose()
    return render(
        request, "accounts/hotline.html", form=form, errors=errors, words=words, call=call, done=done, sent=sent, purpose=why,
        purpose_title=access.purpose_title(why.code), asks=list(ASKS.items()), status=422 if errors else 200,
    )  # fmt: skip


@router.get("/hotline")
async def short() -> Response:
    return see_other(DESK)


@router.get(DESK)
async def front(request: Request) -> Response:
    return _page(request, Form(), FormErrors())


@router.post(DESK)
async def check(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    answers = {field: form.value(field)[:200] for field in ("name", *words.QUESTION)}
    try:
        async with attempt(conn):
            if form.value("birth"):
                answers["birth"] = str(parse_date(form.value("birth")).date)
            call = await hotline.check(conn, actor, locks.eid_purpose(), form.value("number"), answers)
    except NotAllowed:
        raise
    except DancuError as error:
        return _page(request, form, FormErrors.of(error))
    return _page(request, Form() if call.enough else form, FormErrors(), call=call)


@router.post(DESK + "/ask")
async def ask(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Ask on the caller's own phone; the agent waits at a page of its own."""
    form = await read_form(request)
    try:
        async with attempt(conn):
            asked = await hotline_phone.ask(conn, actor, locks.eid_purpose(), form.value("phone_number"), form.value("wish"))
    except NotAllowed:
        raise
    except DancuError as error:
        return _page(request, form, FormErrors.of(error))
    return see_other(f"{DESK}/asked/{asked.sealed(actor)}")


@router.get(DESK + "/asked/{sealed}")
async def answered(request: Request, conn: DbConn, actor: CurrentActor, sealed: str) -> Response:
    """How the caller answered; once they agreed, what may be done."""
    why, asked = locks.eid_purpose(), hotline_phone.Asked.unsealed(actor, sealed)
    state, call = await hotline_phone.answered(conn, actor, why, asked)
    return render(
        request, "accounts/hotline_asked.html", asked=asked, state=state.value, call=call, purpose=why, sealed=sealed,
        purpose_title=access.purpose_title(why.code), minutes=hotline_phone.SECONDS // 60,
    )  # fmt: skip


@router.post(DESK + "/act")
async def act(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """`do`: "lock", "recover" or "reissue", for a call that was enough."""
    form = await read_form(request)
    key, call_id = _number(form.value("key")), _number(form.value("call"))
    do, why, sent = form.value("do"), locks.eid_purpose(), ""
    try:
        async with attempt(conn):
            if do == "lock":
                await hotline.lock(conn, actor, why, key, call_id)
            elif do == "recover":
                sent = (await hotline.recover(conn, actor, why, key, call_id)).sent_to
            elif do == "reissue":
                await hotline.reissue(conn, actor, why, key, call_id)
            else:
                raise Invalid("recovery.choose", N_("Hãy chọn việc cần làm."))
    except NotAllowed:
        raise
    except DancuError as error:
        # The caller was asked already: what cannot be done leaves the other buttons, first of all the one that locks.
        return _page(request, Form(), FormErrors.of(error), call=await hotline.call(conn, actor, key, call_id))
    return _page(request, Form(), FormErrors(), done=do, sent=sent)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
