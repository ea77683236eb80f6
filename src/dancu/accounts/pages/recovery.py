"""The counter helps somebody back in: scan the card, compare the face, and hand on a link. Nothing here takes a secret."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.accounts.pages.counter import image_of
from dancu.accounts.policy import locks as policy
from dancu.accounts.present import protection as words
from dancu.accounts.service import activate, authenticators, contacts_change, core, identity, locks, recovery
from dancu.kernel.errors import DancuError, Exceeded, Invalid, NotFound
from dancu.kernel.numbers import show_phone
from dancu.kit.authn.totp import qr_svg
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
    read_form,
    render,
    see_other,
)
from dancu.population import service as population

router = APIRouter(prefix="/desk/eid/recover", dependencies=[allow(recovery.PERMISSION)])
HOME = "/desk/eid/recover"


def _why() -> dict[str, Any]:
    why = locks.eid_purpose()
    return {"purpose": why, "purpose_title": access.purpose_title(why.code), "words": words}


async def _front(request: Request, conn: DbConn, actor: CurrentActor, errors: FormErrors) -> Response:
    lines = await recovery.for_second(conn, actor, locks.eid_purpose())
    return render(
        request, "accounts/recover_desk.html", form=Form(), errors=errors, lines=lines, status=422 if errors else 200,
        done=request.query_params.get("done", ""), **_why(),
    )  # fmt: skip


@router.get("")
async def front(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _front(request, conn, actor, FormErrors())


@router.post("")
async def scan(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            key, sealed = await identity.read_card(conn, actor, locks.eid_purpose(), form.value("text"))
    except Exceeded:
        raise
    except DancuError as error:
        return await _front(request, conn, actor, FormErrors.of(error))
    return see_other(f"{HOME}/{handle(actor, key)}?proof={sealed}")


async def _page(
    request: Request, conn: DbConn, actor: CurrentActor, key: int, sealed: str, errors: FormErrors, form: Form | None = None
) -> Response:
    why = locks.eid_purpose()
    proof = await identity.unseal(conn, actor, key, sealed)
    who = population.summary(await identity.person(conn, actor, why, key))
    await core.open(conn, [key])
    standing = await locks.standing(conn, key)
    # What another office began is shown to who has the person before them, not to who has read a card.
    begun = [(change, _shown(value)) for change, value in await contacts_change.all_waiting(conn, key)] if proof.enough else []
    return render(
        request, "accounts/recover_person.html", form=form or Form(), errors=errors, proof=proof, sealed=sealed, who=who, key=key,
        account=await core.account(conn, key), phone_fails=await activate.phone_fails(conn, key),
        sms_from=(await authenticators.ways(conn, key)).sms_from, standing=standing, held=bool(policy.holding_back(standing)), done=request.query_params.get("done", ""),
        begun=begun, orgs=await access.organisation_names(conn) if begun else {}, status=422 if errors else 200, **_why(),
    )  # fmt: skip


@router.get("/{key}")
async def show(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, proof: str = "") -> Response:
    if not proof:
        return see_other(HOME)
    try:
        return await _page(request, conn, actor, key, proof, FormErrors())
    except Invalid as error:
        return await _front(request, conn, actor, FormErrors.of(error))


@router.post("/{key}")
async def act(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
    """`do`: "face" and "seen" add to the proof; "begin", "reissue", "phone", "email" use it; "grant" and "withdraw" do so for the change
    of contact `item` that waits, wherever it was begun."""
    form = await read_form(request)
    sealed, do, why = form.value("proof"), form.value("do"), locks.eid_purpose()
    try:
        async with attempt(conn):
            proof = await identity.unseal(conn, actor, key, sealed)
            if do == "face":
                sealed = await identity.compare_face(conn, actor, why, proof, await image_of(form))
            elif do == "seen":
                sealed = identity.seen(actor, proof)
            elif do == "begin":
                started = await recovery.begin_at_counter(conn, actor, why, key, proof.checks, once=sealed)
                return render(
                    request, "accounts/recover_started.html", started=started, key=key,
                    qr=qr_svg(_absolute(request, started.link)), link=_absolute(request, started.link), **_why(),
                )  # fmt: skip
            elif do == "reissue":
                await recovery.reissue(conn, actor, why, key, proof.checks)
            elif do in contacts_change.KINDS:
                await contacts_change.request_at_desk(conn, actor, why, key, do, form.value("value"), proof.checks)
            elif do == "grant":
                await contacts_change.decide_at_desk(conn, actor, why, key, _item(form), grant=True, checks=proof.checks)
            elif do == "withdraw":
                await contacts_change.withdraw_at_desk(conn, actor, why, key, _item(form), proof.checks)
            else:
                raise Invalid("recovery.choose", N_("Hãy chọn việc cần làm."))
    except DancuError as error:
        if error.code == "identity.over":
            return await _front(request, conn, actor, FormErrors.of(error))
        return await _page(request, conn, actor, key, sealed, FormErrors.of(error), form)
    return see_other(f"{HOME}/{handle(actor, key)}?proof={sealed}" + (f"&done={do}" if do not in ("face", "seen") else ""))


def _item(form: Form) -> int:
    """The change a button names; 0, which is none, for anything that is no number."""
    text = form.value("item")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _shown(contact: str) -> str:
    return show_phone(contact) if contact.startswith("+84") else contact


def _absolute(request: Request, link: str) -> str:
    return link if link.startswith("http") else f"{request.url.scheme}://{request.headers.get('host', 'localhost')}{link}"


@router.get("/second/{kind}/{key}/{item_id}")
async def second(request: Request, conn: DbConn, actor: CurrentActor, kind: str, key: RecordKey, item_id: int) -> Response:
    return await _second(request, conn, actor, kind, key, item_id, FormErrors())


async def _second(
    request: Request, conn: DbConn, actor: CurrentActor, kind: str, key: int, item_id: int, errors: FormErrors
) -> Response:
    why = locks.eid_purpose()
    who = population.summary(await identity.person(conn, actor, why, key))
    await core.open(conn, [key])
    item, value = (await contacts_change.waiting(conn, key, item_id)) if kind in ("contact", "lapsed") else (await recovery.one(conn, key, item_id), "")
    return render(
        request, "accounts/recover_second.html", form=Form(), errors=errors, kind=kind, item=item, value=_shown(value), who=who, key=key,
        item_id=item_id, status=422 if errors else 200, **_why(),
    )  # fmt: skip


@router.post("/second/{kind}/{key}/{item_id}")
async def decide(request: Request, conn: DbConn, actor: CurrentActor, kind: str, key: RecordKey, item_id: int) -> Response:
    form = await read_form(request)
    grant = form.value("do") == "grant"
    if kind not in ("contact", "recovery"):
        raise NotFound("recovery.unknown", N_("Không có lần lấy lại tài khoản này."))
    try:
        async with attempt(conn):
            if kind == "contact":
                await contacts_change.decide_at_desk(conn, actor, locks.eid_purpose(), key, item_id, grant=grant, reason=form.value("reason"))
            elif grant:
                await recovery.confirm(conn, actor, locks.eid_purpose(), key, item_id)
    except DancuError as error:
        return await _second(request, conn, actor, kind, key, item_id, FormErrors.of(error))
    return see_other(f"{HOME}?done={'granted' if grant else 'refused'}")
