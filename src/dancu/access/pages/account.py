"""One's own account: open sessions, password."""

from __future__ import annotations

from dancu.access import service
from dancu.access.models import SignInState
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import DancuError, NotAllowed
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
    read_form,
    render,
    see_other,
    signed_in,
)

router = APIRouter(dependencies=[signed_in()])


def _home(actor: Actor) -> str:
    """Staff find their account on the desk, citizens in their portal."""
    return "/desk/account" if actor.kind is ActorKind.STAFF else "/account"


async def _page(
    request: Request, conn: Conn, actor: Actor, errors: FormErrors | None = None, *, done: str = ""
) -> Response:
    staff = actor.kind is ActorKind.STAFF
    return render(
        request,
        "access/account.html",
        base="base_desk.html" if staff else "base_citizen.html",
        sessions=await service.my_sessions(conn, actor),
        rights=await service.rights_named(conn, actor) if staff else [],
        is_staff=staff,
        home=_home(actor),
        form=Form(),
        errors=errors or FormErrors(),
        done=done,
        status=422 if errors else 200,
    )


@router.get("")
async def account(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    return await _page(request, conn, actor, done=done)


@router.post("/sessions/end")
async def end_sessions(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """End one session (`session`), or all others where none is named."""
    form = await read_form(request)
    if session_id := form.value("session"):
        await service.end_session_by_id(conn, actor, session_id)
    else:
        await service.end_other_sessions(conn, actor)
    return see_other(f"{_home(actor)}?done=sessions")


@router.post("/password")
async def password(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, errors = await read_form(request), FormErrors()
    current, new = form.required("current", errors), form.required("password", errors)
    if new != form.value("again"):
        errors.add("again", "password.again", N_("Hai lần nhập mật khẩu không giống nhau."))
    if not errors:
        try:
            state = await service.change_password(conn, actor, current=current, new=new)
        except DancuError as error:
            return await _page(request, conn, actor, FormErrors.of(error))
        if state is SignInState.OK:
            return see_other(f"{_home(actor)}?done=password")
        errors = FormErrors.of(
            NotAllowed("password.wrong", N_("Mật khẩu hiện tại không đúng."))
            if state is SignInState.REFUSED
            else NotAllowed("password.wait", N_("Đã thử sai nhiều lần. Xin đợi một phút rồi thử lại."))
        )
    return await _page(request, conn, actor, errors)
