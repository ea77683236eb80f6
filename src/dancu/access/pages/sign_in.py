"""Signing in, first set-up, second factor, signing out."""

from __future__ import annotations

from dancu.access import service
from dancu.access.models import SignIn, SignInState
from dancu.access.pages.request import address_of, agent_of, device_of, enter, keys_of
from dancu.kernel.actor import ActorKind
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
    end_session,
    local_path,
    public,
    read_form,
    render,
    see_other,
    signed_in,
    token_of,
)

router = APIRouter()

REFUSED = NotAllowed(
    "sign_in.refused",
    N_("Tên đăng nhập, mật khẩu hoặc mã xác thực không đúng. Mỗi mã chỉ dùng được một lần."),
)
SETUP_REFUSED = NotAllowed("set_up.refused", N_("Tên đăng nhập hoặc mã kích hoạt không đúng, hoặc mã đã hết hạn."))


def _waiting(outcome: SignIn) -> DancuError:
    return NotAllowed(
        "sign_in.wait",
        N_("Đã thử sai nhiều lần. Xin đợi {seconds} giây rồi thử lại."),
        seconds=outcome.wait_seconds,
    )


@router.get("/sign-in", dependencies=[public()])
async def sign_in_form(request: Request, next: str = "/") -> Response:
    return render(
        request, "access/sign_in.html", base="base_citizen.html", form=Form(), errors=FormErrors(),
        next_url=local_path(next),
    )  # fmt: skip


@router.post("/sign-in", dependencies=[public()])
async def sign_in(request: Request, conn: DbConn) -> Response:
    form, errors = await read_form(request), FormErrors()
    next_url = local_path(form.value("next"), "/")
    login, password = form.required("login", errors), form.required("password", errors)
    if not errors:
        outcome = await service.sign_in(
            conn, keys_of(request), login=login, password=password, code=form.value("code"),
            address=address_of(request), agent=agent_of(request), device=device_of(request),
            old_token=token_of(request),
        )  # fmt: skip
        if outcome.state in (SignInState.OK, SignInState.ENROL):
            return enter(request, outcome, next_url)
        errors = FormErrors.of(REFUSED if outcome.state is SignInState.REFUSED else _waiting(outcome))
    return render(
        request, "access/sign_in.html", base="base_citizen.html", form=form, errors=errors, next_url=next_url,
        status=422,
    )  # fmt: skip


@router.get("/sign-in/set-up", dependencies=[public()])
async def set_up_form(request: Request) -> Response:
    return render(request, "access/set_up.html", base="base_citizen.html", form=Form(), errors=FormErrors())


@router.post("/sign-in/set-up", dependencies=[public()])
async def set_up(request: Request, conn: DbConn) -> Response:
    form, errors = await read_form(request), FormErrors()
    login, code = form.required("login", errors), form.required("code", errors)
    password = form.required("password", errors)
    if password != form.value("again"):
        errors.add("again", "password.again", N_("Hai lần nhập mật khẩu không giống nhau."))
    if not errors:
        try:
            outcome = await service.set_up(
                conn, keys_of(request), login=login, code=code, password=password,
                address=address_of(request), agent=agent_of(request), old_token=token_of(request),
            )  # fmt: skip
        except DancuError as error:
            outcome, errors = SignIn(SignInState.REFUSED), FormErrors.of(error)
        else:
            if outcome.state is SignInState.ENROL:
                return enter(request, outcome, "/")
            errors = FormErrors.of(SETUP_REFUSED if outcome.state is SignInState.REFUSED else _waiting(outcome))
    return render(request, "access/set_up.html", base="base_citizen.html", form=form, errors=errors, status=422)


@router.get("/sign-in/second-factor", dependencies=[signed_in()])
async def second_factor_form(request: Request, conn: DbConn, actor: CurrentActor, next: str = "/") -> Response:
    enrolment = await service.start_totp(conn, keys_of(request), actor)
    return render(
        request, "access/second_factor.html", base="base_citizen.html", form=Form(), errors=FormErrors(),
        enrolment=enrolment, next_url=local_path(next),
    )  # fmt: skip


@router.post("/sign-in/second-factor", dependencies=[signed_in()])
async def second_factor(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, keys = await read_form(request), keys_of(request)
    next_url = local_path(form.value("next"), "/")
    outcome = await service.confirm_totp(
        conn, keys, actor, sealed=form.value("sealed"), code=form.value("code"),
        address=address_of(request), agent=agent_of(request),
    )  # fmt: skip
    if outcome.state is SignInState.OK:
        return enter(request, outcome, next_url)
    errors = FormErrors()
    errors.add("code", "totp.wrong", N_("Mã này chưa đúng. Hãy nhập mã 6 số đang hiện trong ứng dụng."))
    enrolment = await service.reopen_totp(conn, keys, actor, form.value("sealed"))
    return render(
        request, "access/second_factor.html", base="base_citizen.html", form=Form(), errors=errors,
        enrolment=enrolment, next_url=next_url, status=422,
    )  # fmt: skip


@router.post("/sign-out", dependencies=[public()])
async def sign_out(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    if actor.kind is not ActorKind.ANONYMOUS:
        await service.sign_out(conn, actor)
    response = see_other("/")
    end_session(request, response)
    return response
