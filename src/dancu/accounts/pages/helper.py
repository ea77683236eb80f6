"""Assisted mode: a helper's code marks what is done in this browser for two hours. It opens nothing and shows nobody."""

from __future__ import annotations

from dancu.accounts.pages.browser import helper_of, remember_helper
from dancu.accounts.service import helpers, sign_in
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    PageMark,
    Request,
    Response,
    attempt,
    end_session,
    public,
    read_form,
    render,
    see_other,
)

router = APIRouter(prefix="/eid/helped")

MARK = PageMark(N_("Đang làm cùng người hướng dẫn. Mật mã và mã trong tin nhắn bạn tự gõ."), "/eid/helped", N_("Tôi đã làm xong"))


def page_mark(request: Request) -> PageMark | None:
    """Said on every page of a browser where somebody guides, until they are done or two hours are over."""
    return MARK if helper_of(request) is not None else None


def _page(request: Request, form: Form, errors: FormErrors) -> Response:
    helped = helper_of(request) is not None
    return render(request, "accounts/helped.html", form=form, errors=errors, helped=helped, status=422 if errors else 200)


@router.get("", dependencies=[public()])
async def show(request: Request) -> Response:
    return _page(request, Form(), FormErrors())


@router.post("", dependencies=[public()])
async def begin(request: Request, conn: DbConn) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            value = await helpers.begin(conn, form.value("code"))
    except Invalid as error:
        return _page(request, form, FormErrors((), error))
    answer = see_other("/eid/helped")
    remember_helper(request, answer, value)
    return answer


@router.post("/end", dependencies=[public()])
async def end(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Done; who signed in with somebody's help is signed out: the next person at a kiosk must not find them."""
    answer = see_other("/eid/helped")
    signed = await sign_in.current(conn, actor) if actor.kind is ActorKind.CITIZEN else None
    if signed is not None and signed.assisted:
        await sign_in.end_mine(conn, actor, actor.session_id)
        end_session(request, answer)
    remember_helper(request, answer, "")
    return answer
