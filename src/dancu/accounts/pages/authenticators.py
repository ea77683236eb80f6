"""/account/authenticators: ways to sign in, added and taken away by a session that proved two factors a short while ago."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.accounts.models import SignIn
from dancu.accounts.pages.browser import attestation_of, binding_of, sign_in_url, site_of
from dancu.accounts.service import authenticators, own, sign_in
from dancu.kernel.actor import Actor
from dancu.kernel.errors import DancuError
from dancu.kit.agents import device_name
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
    allow,
    attempt,
    read_form,
    render,
    see_other,
)

router = APIRouter(prefix="/account/authenticators", dependencies=[allow("citizen")])
HOME = "/account/authenticators"
# How old the proof of two factors may be: long enough to set up two ways in one go.
FRESH = 900


async def _proved(conn: Conn, actor: Actor) -> SignIn | None:
    """The session's sign-in where it may change how one signs in."""
    started = await sign_in.begin(conn, actor, acr=2, max_age=FRESH)
    return started.signed if started.done else None


def _prove(path: str = HOME) -> Response:
    return see_other(sign_in_url(path, acr=2, fresh=FRESH))


@router.get("")
async def listing(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    return await _listing(request, conn, actor, done=done)


async def _listing(
    request: Request, conn: Conn, actor: Actor, *, done: str = "", errors: FormErrors | None = None, codes: Sequence[str] = ()
) -> Response:
    if await _proved(conn, actor) is None:
        return _prove()
    form = await authenticators.begin_passkey(
        conn, actor.actor_id, site_of(request), binding_of(request), attestation=attestation_of(request)
    )
    return render(
        request, "accounts/authenticators.html", base="base_citizen.html", done=done, form=Form(), errors=errors or FormErrors(),
        ways=await authenticators.listed(conn, actor.actor_id), passkey=form, codes=codes,
        device=authenticators.device_challenge(binding_of(request), actor.actor_id), status=422 if errors else 200,
    )  # fmt: skip


@router.post("/passkey")
async def add_passkey(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    if await _proved(conn, actor) is None:
        return _prove()
    try:
        async with attempt(conn):
            await authenticators.keep_passkey(
                conn, actor, own.purpose(), actor.actor_id, site_of(request), binding_of(request), sealed=form.value("challenge"),
                answer=form.value("answer"), label=form.value("label"), attestation=attestation_of(request),
            )  # fmt: skip
    except DancuError as error:
        return await _listing(request, conn, actor, errors=FormErrors.of(error))
    return see_other(f"{HOME}?done=passkey")


@router.post("/device")
async def add_device(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The key of this browser or app, which signed the page's challenge."""
    form = await read_form(request)
    if await _proved(conn, actor) is None:
        return _prove()
    label = form.value("device_label") or device_name(request.headers.get("user-agent", ""))
    try:
        async with attempt(conn):
            await authenticators.keep_device(
                conn, actor, own.purpose(), actor.actor_id, site_of(request), binding_of(request), sealed=form.value("challenge"),
                answer=form.value("answer"), label=label,
            )  # fmt: skip
    except DancuError as error:
        return await _listing(request, conn, actor, errors=FormErrors.of(error))
    return see_other(f"{HOME}?done=device")


@router.get("/totp")
async def totp_form(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    if await _proved(conn, actor) is None:
        return _prove(f"{HOME}/totp")
    return _totp(request, authenticators.begin_totp(actor.actor_id), FormErrors())


@router.post("/totp")
async def add_totp(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    if await _proved(conn, actor) is None:
        return _prove(f"{HOME}/totp")
    sealed = form.value("sealed")
    try:
        async with attempt(conn):
            await authenticators.keep_totp(conn, actor, own.purpose(), actor.actor_id, sealed=sealed, code=form.value("code"))
    except DancuError as error:
        if error.code != "totp.wrong":
            return see_other(f"{HOME}/totp")
        return _totp(request, authenticators.reopen_totp(actor.actor_id, sealed), FormErrors.of(error))
    return see_other(f"{HOME}?done=totp")


def _totp(request: Request, enrolment: authenticators.TotpForm, errors: FormErrors) -> Response:
    return render(
        request, "accounts/totp.html", base="base_citizen.html", enrolment=enrolment, form=Form(), errors=errors,
        status=422 if errors else 200,
    )  # fmt: skip


@router.post("/recovery-codes")
async def recovery_codes(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Ten new codes, shown this once."""
    if await _proved(conn, actor) is None:
        return _prove()
    codes = await authenticators.new_recovery_codes(conn, actor, own.purpose(), actor.actor_id)
    return await _listing(request, conn, actor, codes=codes)


@router.get("/passcode")
async def passcode_form(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    if await _proved(conn, actor) is None:
        return _prove(f"{HOME}/passcode")
    return _passcode(request, FormErrors())


@router.post("/passcode")
async def set_passcode(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Another passcode; every other session ends."""
    form, errors = await read_form(request), FormErrors()
    if await _proved(conn, actor) is None:
        return _prove(f"{HOME}/passcode")
    new = form.required("passcode", errors)
    if new != form.value("again"):
        errors.add("again", "passcode.again", N_("Hai lần nhập mật mã không giống nhau."))
    if not errors:
        try:
            async with attempt(conn):
                await authenticators.change_passcode(conn, actor, own.purpose(), actor.actor_id, new)
        except DancuError as error:
            errors = FormErrors.of(error)
        else:
            await sign_in.end_other_sign_ins(conn, actor)
            return see_other(f"{HOME}?done=passcode")
    return _passcode(request, errors)


def _passcode(request: Request, errors: FormErrors) -> Response:
    return render(
        request, "accounts/passcode.html", base="base_citizen.html", form=Form(), errors=errors, status=422 if errors else 200
    )


@router.post("/{authenticator_id}/remove")
async def remove(request: Request, conn: DbConn, actor: CurrentActor, authenticator_id: int) -> Response:
    if await _proved(conn, actor) is None:
        return _prove()
    try:
        async with attempt(conn):
            await authenticators.remove(conn, actor, own.purpose(), actor.actor_id, authenticator_id)
    except DancuError as error:
        return await _listing(request, conn, actor, errors=FormErrors.of(error))
    return see_other(f"{HOME}?done=removed")
