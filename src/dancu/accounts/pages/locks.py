"""Locks: the holder locks their own account, signed in or by a code; officers ask, decide and open, with a paper to print."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.access import service as access
from dancu.accounts.models.locks import Lock, WaitingLock
from dancu.accounts.pages.browser import sign_in_url
from dancu.accounts.present import protection as words
from dancu.accounts.service import core, deadlines, lock_by_code, locks, recovery, sign_in
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, Invalid, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.handles import handle
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    RecordKey,
    Request,
    Response,
    allow,
    attempt,
    client_ip,
    end_session,
    public,
    read_form,
    render,
    see_other,
)
from dancu.population import service as population
from dancu.population.service.look import nobody

router = APIRouter()
DESK = "/desk/eid/locks"
_LOCK = allow(locks.PERMISSION)


@router.get("/account/lock", dependencies=[allow("citizen")])
async def own(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    found = await locks.locks_of(conn, actor, locks.eid_purpose(), actor.actor_id)
    return render(
        request, "accounts/lock_own.html", base="base_citizen.html", words=words, errors=FormErrors(),
        account=await core.account(conn, actor.actor_id), locks=found, orgs=await _orgs(conn, found),
    )  # fmt: skip


@router.post("/account/lock", dependencies=[allow("citizen")])
async def lock_own(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Locks at once: one factor is enough to shut a door. This session ends with the others."""
    if await sign_in.current(conn, actor) is None:
        return see_other(sign_in_url("/account/lock"))
    await locks.own_request(conn, actor, locks.eid_purpose(), actor.actor_id, way="account")
    response = see_other("/eid/locked")
    end_session(request, response)
    return response


@router.get("/eid/lock", dependencies=[public()])
async def by_code(request: Request) -> Response:
    return render(request, "accounts/lock_by_code.html", form=Form(), errors=FormErrors(), flow="")


@router.post("/eid/lock", dependencies=[public()])
async def ask_code(request: Request, conn: DbConn) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            address = client_ip(request, request.app.state.settings.trusted_proxies)
            flow = await lock_by_code.send(conn, form.value("number"), address)
    except Invalid as error:
        return render(request, "accounts/lock_by_code.html", form=form, errors=FormErrors.of(error), flow="", status=422)
    return render(request, "accounts/lock_by_code.html", form=Form(), errors=FormErrors(), flow=flow)


@router.post("/eid/lock/code", dependencies=[public()])
async def lock_with_code(request: Request, conn: DbConn) -> Response:
    form = await read_form(request)
    actor = recovery.holder_of_link(request.state.request_id)
    if await lock_by_code.lock(conn, actor, form.value("flow")[:2000], form.value("code")):
        return see_other("/eid/locked")
    errors = FormErrors()
    errors.add("code", "lock.code", N_("Mã không đúng hoặc đã hết hạn. Hãy xem tin nhắn mới nhất."))
    return render(request, "accounts/lock_by_code.html", form=form, errors=errors, flow=form.value("flow"), status=422)


@router.get("/eid/locked", dependencies=[public()])
async def locked(request: Request) -> Response:
    return render(request, "accounts/locked.html")


@router.get(DESK, dependencies=[_LOCK])
async def desk(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _desk(request, conn, actor, Form(), FormErrors())


async def _desk(request: Request, conn: DbConn, actor: CurrentActor, form: Form, errors: FormErrors) -> Response:
    why = locks.eid_purpose()
    lines = await locks.waiting(conn, actor, why)
    return render(
        request, "accounts/locks_desk.html", form=form, errors=errors, lines=lines, orgs=await _orgs(conn, lines), late=await deadlines.late_for(conn, actor), purpose=why,
        purpose_title=access.purpose_title(why.code), today=SYSTEM_CLOCK.today(), status=422 if errors else 200,
    )  # fmt: skip


@router.post(DESK, dependencies=[_LOCK])
async def find(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """By number, posted so that no address holds it."""
    form = await read_form(request)
    try:
        async with attempt(conn):
            population.check_number(form.value("number"))
            keys = await population.keys_by_number(conn, form.value("number"))
            if not keys:
                raise nobody(actor, locks.eid_purpose())
    except NotAllowed:
        raise
    except DancuError as error:
        return await _desk(request, conn, actor, form, FormErrors.of(error))
    return see_other(f"{DESK}/{handle(actor, keys[0])}")


async def _orgs(conn: Conn, found: Sequence[Lock | WaitingLock]) -> dict[str, str]:
    """Names of the organisations that asked: code -> name, the code itself for one that is gone."""
    names = {}
    for code in {one.asked_org for one in found if one.asked_org}:
        org = await access.organisation(conn, code)
        names[code] = access.organisation_title(org) if org else code
    return names


async def _person(
    request: Request, conn: DbConn, actor: CurrentActor, key: int, form: Form, errors: FormErrors, *, template: str = "locks_person", lock_id: int = 0
) -> Response:
    why = locks.eid_purpose()
    found = await locks.locks_of(conn, actor, why, key)
    return render(
        request, f"accounts/{template}.html", form=form, errors=errors, locks=found, orgs=await _orgs(conn, found), words=words, purpose=why,
        who=population.summary(await population.person(conn, actor, why, key, permission=locks.PERMISSION)), key=key,
        account=await core.account(conn, key), purpose_title=access.purpose_title(why.code), today=SYSTEM_CLOCK.today(),
        lock=await locks.one(conn, key, lock_id) if lock_id else None, status=422 if errors else 200,
    )  # fmt: skip


@router.get(DESK + "/{key}", dependencies=[_LOCK])
async def show(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
    return await _person(request, conn, actor, key, Form(), FormErrors())


@router.post(DESK + "/{key}", dependencies=[_LOCK])
async def ask(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
    """A request of the police (`do` "request"), or a lock at once for a breach of the rules ("breach")."""
    form = await read_form(request)
    why = locks.eid_purpose(form.value("case_ref")[:80])
    verb = locks.breach if form.value("do") == "breach" else locks.request
    try:
        async with attempt(conn):
            await verb(conn, actor, why, key, form.value("reason"))
    except NotAllowed:
        raise
    except DancuError as error:
        return await _person(request, conn, actor, key, form, FormErrors.of(error))
    return see_other(f"{DESK}/{handle(actor, key)}")


@router.post(DESK + "/{key}/{lock_id}", dependencies=[_LOCK])
async def decide(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, lock_id: int) -> Response:
    """Grant, refuse (`do`), or open a lock that stands ("lift")."""
    form = await read_form(request)
    why, do = locks.eid_purpose(), form.value("do")
    try:
        async with attempt(conn):
            if do == "lift":
                await locks.lift(conn, actor, why, key, lock_id, form.value("decision"))
            elif do in ("grant", "refuse"):
                await locks.decide(conn, actor, why, key, lock_id, grant=do == "grant", decision=form.value("decision"))
            else:
                raise Invalid("lock.choose", N_("Hãy chọn đồng ý hoặc không chấp nhận."))
    except DancuError as error:
        return await _person(request, conn, actor, key, form, FormErrors.of(error), lock_id=lock_id)
    return see_other(f"{DESK}/{handle(actor, key)}/{lock_id}/paper" if do == "refuse" else f"{DESK}/{handle(actor, key)}")


@router.get(DESK + "/{key}/{lock_id}/paper", dependencies=[_LOCK])
async def paper(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, lock_id: int) -> Response:
    """The decision in writing, to be printed and signed."""
    return await _person(request, conn, actor, key, Form(), FormErrors(), template="lock_paper", lock_id=lock_id)
