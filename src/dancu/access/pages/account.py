"""One's own account: open sessions, password."""

from __future__ import annotations

from dancu.access import service
from dancu.access.models import SignInState
from dancu.access.pages.request import address_of, agent_of, enter, keys_of
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import DancuError, Invalid, NotAllowed
from dancu.kit.agents import device_name
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.places import place_of
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

# The same page in both surfaces of staff; a citizen's account is a page of the room accounts.
PREFIXES = ("/desk/account", "/watch/account")
_FIELDS = {"sms": "work_phone", "email": "work_email"}
_BASES = dict(zip(PREFIXES, ("base_desk.html", "base_watch.html"), strict=True))


def _home(request: Request) -> str:
    return next(p for p in reversed(PREFIXES) if request.url.path.startswith(p))


async def _page(
    request: Request, conn: Conn, actor: Actor, errors: FormErrors | None = None, *, done: str = "", form: Form | None = None
) -> Response:
    staff = actor.kind is ActorKind.STAFF
    known = await service.my_contacts(conn, actor)
    return render(
        request,
        "access/account.html",
        base=_BASES[_home(request)],
        device_name=device_name,
        place_of=lambda network: place_of(network, request.state.lang),
        sessions=await service.my_sessions(conn, actor),
        rights=await service.rights_named(conn, actor) if staff else [],
        is_staff=staff,
        home=_home(request),
        form=form or Form.of(**{_FIELDS[channel]: address for channel, address in known.items()}),
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
    return see_other(f"{_home(request)}?done=sessions")


@router.post("/second-factor")
async def second_factor(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Prove password and present code, then set up another second factor."""
    form, errors = await read_form(request), FormErrors()
    secret, code = form.required("factor_password", errors), form.required("factor_code", errors)
    if not errors:
        outcome = await service.change_totp(
            conn, keys_of(request), actor, password=secret, code=code, address=address_of(request), agent=agent_of(request)
        )
        if outcome.state is SignInState.ENROL:
            return enter(request, outcome, f"{_home(request)}?done=factor")
        errors = FormErrors.of(
            NotAllowed("totp.change_refused", N_("Mật khẩu hoặc mã xác thực không đúng. Mỗi mã chỉ dùng được một lần."))
            if outcome.state is SignInState.REFUSED
            else NotAllowed("password.wait", N_("Đã thử sai nhiều lần. Xin đợi một phút rồi thử lại."))
        )
    return await _page(request, conn, actor, errors)


@router.post("/contacts")
async def contacts(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Where one is told of what cannot wait."""
    form = await read_form(request)
    try:
        await service.set_my_contacts(conn, actor, phone=form.value("work_phone"), email=form.value("work_email"))
    except Invalid as error:
        errors = FormErrors.of(error)
        if not error.fields:
            errors = FormErrors()
            errors.add("work_phone", error.code, error.message)
        return await _page(request, conn, actor, errors, form=form)
    return see_other(f"{_home(request)}?done=contacts")


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
            return see_other(f"{_home(request)}?done=password")
        errors = FormErrors.of(
            NotAllowed("password.wrong", N_("Mật khẩu hiện tại không đúng."))
            if state is SignInState.REFUSED
            else NotAllowed("password.wait", N_("Đã thử sai nhiều lần. Xin đợi một phút rồi thử lại."))
        )
    return await _page(request, conn, actor, errors)
