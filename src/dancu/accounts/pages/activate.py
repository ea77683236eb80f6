"""/eid/activate: the number and the code of the notice, then a passcode, then done: a way back in to keep, and a key of this
phone for whoever wants one. A button pressed twice, or a page loaded anew, is answered as the first time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from dancu.accounts.models import Account, AccountState
from dancu.accounts.pages.browser import attestation_of, binding_of, browser_of, site_of
from dancu.accounts.service import activate, authenticators, core, first_keys
from dancu.accounts.service.check import eid_purpose
from dancu.kernel.actor import SYSTEM, Actor, ActorKind, Channel, Purpose
from dancu.kernel.errors import DancuError, Exceeded, Invalid
from dancu.kernel.numbers import PersonalId
from dancu.kit.agents import device_name
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    attempt,
    public,
    read_form,
    render,
)
from dancu.population.service import keys_by_number

router = APIRouter(prefix="/eid/activate", dependencies=[public()])
_REFUSED = Invalid("activation.refused", N_("Số định danh hoặc mã chưa đúng, hoặc mã đã hết hạn. Xin xem lại tin nhắn."))


@router.get("")
async def start(request: Request) -> Response:
    return _first(request, Form(), FormErrors())


def _first(request: Request, form: Form, errors: FormErrors) -> Response:
    return render(request, "accounts/activate.html", form=form, errors=errors, resent=False, status=422 if errors else 200)


def _passcode(request: Request, grant: str, errors: FormErrors, form: Form | None = None) -> Response:
    return render(
        request, "accounts/activate_passcode.html", grant=grant, form=form or Form(), errors=errors, status=422 if errors else 200
    )


@router.post("")
async def code(request: Request, conn: DbConn) -> Response:
    """The code counts as tried whatever comes of it: the answer is given, not raised."""
    form, errors = await read_form(request), FormErrors()
    number, given = form.required("number", errors), form.required("code", errors)
    if errors:
        return _first(request, form, errors)
    try:
        digits = PersonalId.parse(number).value
    except DancuError as error:
        errors.add("number", error.code, error.message, **error.params)
        return _first(request, form, errors)
    tried = _tried(request, digits)
    if wait := await throttle.wait_seconds(conn, tried):
        slow = Exceeded("code.tries", N_("Đã thử nhiều lần. Xin đợi {seconds} giây rồi thử lại."), seconds=math.ceil(wait))
        return _first(request, form, FormErrors.of(slow))
    keys = await keys_by_number(conn, digits)
    key = keys[0] if keys else 0
    if not await activate.may_activate(conn, key, given, by=binding_of(request)):
        await throttle.charge(conn, tried)
        return _first(request, form, FormErrors.of(_REFUSED))
    return _passcode(request, activate.grant(await core.existing(conn, key)), FormErrors())


def _tried(request: Request, digits: str) -> list[throttle.Bucket]:
    """Failures for one number from one network (a number nobody has waits like any other), and from a network at all: wide, for
    a mobile network is one address for thousands. Slower only; what bounds guessing from everywhere is the code's own count."""
    network = throttle.network_of(browser_of(request).address)
    pair = throttle.bucket("eid activate pair", digits, network, burst=5, seconds=60)
    return [pair, throttle.bucket("eid activate", network, burst=200, seconds=1)]


@router.post("/resend")
async def resend(request: Request, conn: DbConn) -> Response:
    """A new code to the account's own phone while its time lasts. The answer is the same for everybody."""
    form, errors = await read_form(request), FormErrors()
    try:
        keys = await keys_by_number(conn, PersonalId.parse(form.required("number", errors)).value)
    except DancuError as error:
        errors.add("number", error.code, error.message)
        keys = []
    network = throttle.bucket("eid activate resend", throttle.network_of(browser_of(request).address), burst=10, seconds=120)
    slow = await throttle.wait_seconds(conn, [network]) > 0
    await throttle.charge(conn, [network])
    if errors:
        return _first(request, form, errors)
    if keys and not slow:
        await activate.resend(conn, keys[0])
    return render(request, "accounts/activate.html", form=form, errors=errors, resent=True)


@router.post("/passcode")
async def passcode(request: Request, conn: DbConn) -> Response:
    form, errors = await read_form(request), FormErrors()
    secret, again = form.required("passcode", errors), form.required("again", errors)
    sealed = form.value("grant")
    if not errors and secret != again:
        errors.add("again", "passcode.again", N_("Hai lần nhập chưa giống nhau."))
    if errors:
        return _passcode(request, sealed, errors, form)
    try:
        async with attempt(conn):
            account = await activate.granted(conn, sealed)
            actor, purpose = _holder(request), eid_purpose()
            await authenticators.set_passcode(conn, actor, purpose, account.person_key, secret)
            await activate.activate(conn, actor, account.person_key, purpose=purpose)
            recovery = await _ways_back(conn, actor, purpose, account, first=True)
    except DancuError as error:
        if error.code != "activation.ended":
            return _passcode(request, sealed, FormErrors.of(error), form)
        return await _once_more(request, conn, sealed, secret) or _first(request, Form(), FormErrors.of(error))
    return await _done(request, conn, await core.existing(conn, account.person_key), recovery)


async def _once_more(request: Request, conn: Conn, sealed: str, secret: str) -> Response | None:
    """The button pressed twice: the first press activated, and its answer with the codes to keep was never seen. New ones are
    shown to whoever has this page and this passcode."""
    try:
        account = await activate.granted(conn, sealed, state=AccountState.ACTIVE)
    except Invalid:
        return None
    tries = throttle.bucket("eid activate again", str(account.person_key), burst=4, seconds=300)
    if await throttle.charge_unless_waiting(conn, [tries], [tries]) or not await authenticators.verify_passcode(conn, account.person_key, secret):
        return None
    return await _done(request, conn, account, await _ways_back(conn, _holder(request), eid_purpose(), account))


async def _done(
    request: Request, conn: Conn, account: Account, recovery: Sequence[str], *, added: str = "", errors: FormErrors | None = None
) -> Response:
    """A child's account gets no key of the guardian's phone: that one opens the guardian's own."""
    offered = account.guardian_key is None and added != "passkey"
    key, binding = account.person_key, binding_of(request)
    return render(
        request, "accounts/activate_done.html", recovery=recovery, account=account, added=added, errors=errors or FormErrors(),
        sealed=first_keys.seal(account, recovery),
        passkey=await authenticators.begin_passkey(conn, key, site_of(request), binding, attestation=attestation_of(request)) if offered else None,
        device=authenticators.device_challenge(binding, key) if offered and not added else None, status=422 if errors else 200,
    )  # fmt: skip


@router.post("/key/{kind}")
async def key_of_this_phone(request: Request, conn: DbConn, kind: Literal["passkey", "device"]) -> Response:
    """The key this browser just made, for the account just activated."""
    form = await read_form(request)
    try:
        just = await first_keys.unsealed(conn, form.value("sealed"))
    except DancuError as error:
        return _first(request, Form(), FormErrors.of(error))
    account, actor, purpose = just.account, _holder(request), eid_purpose()
    label = device_name(request.headers.get("user-agent", ""))
    site, binding, challenge, answer = site_of(request), binding_of(request), form.value("challenge"), form.value("answer")
    try:
        async with attempt(conn):
            if kind == "passkey":
                await authenticators.keep_passkey(
                    conn, actor, purpose, account.person_key, site, binding, sealed=challenge, answer=answer, label=label,
                    attestation=attestation_of(request),
                )  # fmt: skip
            else:
                await authenticators.keep_device(
                    conn, actor, purpose, account.person_key, site, binding, sealed=challenge, answer=answer, label=label
                )
    except DancuError as error:
        # The page loaded anew sends its answer again: the first time it was taken.
        if not await authenticators.just_kept(conn, account.person_key, kind, answer):
            return await _done(request, conn, account, just.codes, errors=FormErrors.of(error))
    return await _done(request, conn, account, just.codes, added=kind)


def _holder(request: Request) -> Actor:
    """Nobody is signed in yet: the platform acts at the holder's word, as the entry says."""
    return replace(SYSTEM, kind=ActorKind.SYSTEM, channel=Channel.WEB, request_id=request.state.request_id)


async def _ways_back(conn: Conn, actor: Actor, purpose: Purpose, account: Account, *, first: bool = False) -> list[str]:
    """Codes to keep on paper, for the day the phone is lost."""
    return list(await authenticators.new_recovery_codes(conn, actor, purpose, account.person_key, first=first))
