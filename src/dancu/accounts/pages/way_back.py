"""The citizen's side of getting back in: the ways there are, the link an officer or the hotline gave, the objection of an
old contact, and other contacts by one's own hand."""

from __future__ import annotations

from dancu.access import service as access
from dancu.accounts.pages.browser import sign_in_url
from dancu.accounts.present import protection as words
from dancu.accounts.service import contacts_change, core, locks, recovery, sign_in
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, Exceeded, Invalid
from dancu.kernel.numbers import show_phone
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
    public,
    read_form,
    render,
    see_other,
)

router = APIRouter()
_FRESH = 300


@router.get("/eid/recover", dependencies=[public()])
async def ways(request: Request) -> Response:
    return render(request, "accounts/recover_ways.html", passkey=sign_in_url("/account/recover", acr=2, fresh=_FRESH))


@router.get("/eid/recover/{token}", dependencies=[public()])
async def link(request: Request, conn: DbConn, token: str) -> Response:
    return await _link(request, conn, token, None, FormErrors())


async def _link(request: Request, conn: DbConn, token: str, form: Form | None, errors: FormErrors, *, sent: str = "") -> Response:
    """`form`: what came back with errors, kept as it was chosen."""
    found = await recovery.by_link(conn, token)
    suspected = await recovery.suspected(conn, found.person_key)
    return render(
        request, "accounts/recover_link.html", form=Form.of(drop_others="1" if suspected else "") if form is None else form,
        suspected=suspected, errors=errors, found=found, token=token, sent=sent,
        status=422 if errors else 200,
    )  # fmt: skip


@router.post("/eid/recover/{token}", dependencies=[public()])
async def through_link(request: Request, conn: DbConn, token: str) -> Response:
    """`do`: "send" a code, bring the "code", or choose the "passcode"."""
    form, errors = await read_form(request), FormErrors()
    do = form.value("do")
    if do == "send":
        try:
            async with attempt(conn):
                sent = await recovery.send_code(conn, token)
        except Exceeded as error:  # codes were sent: the form for them stays
            errors, sent = FormErrors.of(error), "…"
        return await _link(request, conn, token, None, errors, sent=sent)
    if do == "code":
        if not await recovery.prove_code(conn, token, form.value("code")):
            errors.add("code", "recovery.code", N_("Mã không đúng hoặc đã hết hạn. Hãy xem tin nhắn mới nhất."))
            return await _link(request, conn, token, form, errors, sent="…")
        return see_other(f"/eid/recover/{token}")
    _same_twice(form, errors)
    if not errors:
        try:
            async with attempt(conn):
                actor = recovery.holder_of_link(request.state.request_id)
                await recovery.finish(conn, actor, token, form.value("passcode"), drop_others=form.checked("drop_others"))
            return render(request, "accounts/recovered.html")
        except Invalid as error:
            errors = FormErrors.of(error)
    return await _link(request, conn, token, form, errors)


def _same_twice(form: Form, errors: FormErrors) -> None:
    if form.value("passcode") != form.value("again"):
        errors.add("again", "passcode.again", N_("Hai lần nhập chưa giống nhau."))


@router.get("/account/recover", dependencies=[allow("citizen")])
async def by_passkey(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """After a fresh sign-in with a passkey: a new passcode without the old one."""
    if not await _fresh_passkey(conn, actor):
        return see_other(sign_in_url("/account/recover", acr=2, fresh=0))
    return render(request, "accounts/recover_passkey.html", form=Form(), errors=FormErrors())


@router.post("/account/recover", dependencies=[allow("citizen")])
async def choose(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    if not await _fresh_passkey(conn, actor):
        return see_other(sign_in_url("/account/recover", acr=2, fresh=0))
    form, errors = await read_form(request), FormErrors()
    _same_twice(form, errors)
    if not errors:
        try:
            async with attempt(conn):
                await recovery.by_passkey(conn, actor, form.value("passcode"))
            return render(request, "accounts/recovered.html")
        except Invalid as error:
            errors = FormErrors.of(error)
    return render(request, "accounts/recover_passkey.html", form=form, errors=errors, status=422)


async def _fresh_passkey(conn: DbConn, actor: CurrentActor) -> bool:
    signed = await sign_in.current(conn, actor)
    if signed is None or not {"hwk", "swk"} & set(signed.amr):
        return False
    return (SYSTEM_CLOCK.now() - signed.at).total_seconds() <= _FRESH


@router.get("/eid/objection/{token}", dependencies=[public()])
async def objection(request: Request, conn: DbConn, token: str) -> Response:
    await contacts_change.objected(conn, token)
    return render(request, "accounts/objection.html", token=token, done=False)


@router.post("/eid/objection/{token}", dependencies=[public()])
async def object_to(request: Request, conn: DbConn, token: str) -> Response:
    await contacts_change.object_to(conn, recovery.holder_of_link(request.state.request_id), token)
    return render(request, "accounts/objection.html", token=token, done=True)


@router.get("/account/contacts", dependencies=[allow("citizen")])
async def contacts(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    signed = await sign_in.current(conn, actor)
    if signed is None or signed.acr < 2:
        return see_other(sign_in_url("/account/contacts", acr=2))
    return await _contacts(request, conn, actor, Form(), FormErrors())


async def _contacts(
    request: Request, conn: DbConn, actor: CurrentActor, form: Form, errors: FormErrors, *, asked: str = "", kind: str = ""
) -> Response:
    now = await core.contacts(conn, actor.actor_id)
    waits = await contacts_change.own_waiting(conn, actor.actor_id)
    return render(
        request, "accounts/contacts.html", base="base_citizen.html", form=form, errors=errors, asked=asked, kind=kind, email=now.email,
        phone=show_phone(now.phone) if now.phone else "", waits=waits, orgs=await access.organisation_names(conn) if waits else {}, words=words, done=request.query_params.get("done", ""), status=422 if errors else 200,
    )  # fmt: skip


@router.post("/account/contacts", dependencies=[allow("citizen")])
async def change(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """First a code to the new address, then the code brings it about."""
    form, key = await read_form(request), actor.actor_id
    kind, value, code = form.value("kind"), form.value("value"), form.value("code")
    signed = await sign_in.current(conn, actor)
    if signed is None or signed.acr < 2:
        return see_other(sign_in_url("/account/contacts", acr=2))
    try:
        if not code:
            async with attempt(conn):
                asked = await contacts_change.ask_new(conn, key, kind, value)
            return await _contacts(request, conn, actor, Form(), FormErrors(), asked=asked, kind=kind)
        done = await contacts_change.by_holder(
            conn, actor, locks.eid_purpose(), key, kind, value, code, acr=signed.acr, amr=signed.amr
        )
    except DancuError as error:
        return await _contacts(request, conn, actor, form, FormErrors.of(error))
    if not done:
        errors = FormErrors()
        errors.add("code", "contact.code", N_("Mã không đúng hoặc đã hết hạn. Hãy xem tin nhắn mới nhất."))
        return await _contacts(request, conn, actor, form, errors, asked=value, kind=kind)
    return see_other("/account/contacts?done=1")


@router.post("/account/contacts/{change_id}/stop", dependencies=[allow("citizen")])
async def stop(request: Request, conn: DbConn, actor: CurrentActor, change_id: int) -> Response:
    """What waits for a second officer is not the holder's."""
    signed = await sign_in.current(conn, actor)
    if signed is None or signed.acr < 2:
        return see_other(sign_in_url("/account/contacts", acr=2))
    try:
        async with attempt(conn):
            await contacts_change.stop_own(conn, actor, actor.actor_id, change_id)
    except DancuError as error:
        return await _contacts(request, conn, actor, Form(), FormErrors.of(error))
    return see_other("/account/contacts?done=stopped")
