"""/account/confirmations: a citizen's own signed confirmations. /account/residence-code: the code for a counter.
/account/paper-demanded: "they still asked me for a paper"."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.accounts.service import sign_in
from dancu.exchange.models import procedures
from dancu.exchange.models.confirmation import Confirmation, ConfirmationKind
from dancu.exchange.pages import confirm_words as said
from dancu.exchange.pages.residence import org_name, qr, site
from dancu.exchange.service import codes, confirmations, paper_demands, pdf
from dancu.exchange.service.confirmations import Demanded
from dancu.exchange.service.ways import CODE_SECONDS
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Exceeded, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    RequestLease,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)

router = APIRouter(prefix="/account", dependencies=[allow("citizen")])
CODE_PAGE = "/account/residence-code"


def _why() -> Any:
    return access.choose_purpose("own_record")


async def offices(conn: Conn) -> list[tuple[str, str]]:
    """Organisations a paper can have been demanded by, by name."""
    return sorted(((one.org_code, access.organisation_title(one)) for one in await access.organisations(conn) if one.valid_to is None), key=lambda o: o[1])


async def _list(request: Request, conn: Conn, actor: Actor, form: Form, errors: FormErrors, made: str = "") -> Response:
    mine = await confirmations.of_person(conn, actor, _why(), actor.actor_id)
    return render(
        request, "exchange/confirmations.html", base="base_citizen.html", mine=mine, form=form, errors=errors, made=made, words=said,
        offices=await offices(conn), procedures=procedures, now_=SYSTEM_CLOCK.now(), status=422 if errors else 200,
        kinds=[(kind.value, said.KINDS[kind]) for kind in ConfirmationKind],
    )  # fmt: skip


@router.get("/confirmations")
async def listing(request: Request, conn: DbConn, actor: CurrentActor, made: str = "") -> Response:
    return await _list(request, conn, actor, Form.of(kind=ConfirmationKind.RESIDENCE), FormErrors(), made[:16])


def demanded(form: Form) -> Demanded:
    return Demanded(form.value("org"), form.value("org_name"), form.value("procedure"))


def kind_of(form: Form) -> ConfirmationKind:
    """Raises Invalid for none of the list."""
    if form.value("kind") not in list(ConfirmationKind):
        raise Invalid("confirmation.kind", said.CHOOSE)
    return ConfirmationKind(form.value("kind"))


@router.post("/confirmations")
async def issue(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            made = await confirmations.issue(
                conn, actor, _why(), actor.actor_id, kind_of(form), demanded(form), channel="account"
            )
    except (Invalid, Conflict) as error:
        return await _list(request, conn, actor, form, FormErrors.of(error))
    return see_other(f"/account/confirmations?made={made.confirmation_id}")


@router.post("/confirmations/{confirmation_id}/revoke")
async def revoke(conn: DbConn, actor: CurrentActor, confirmation_id: str) -> Response:
    await confirmations.revoke(conn, actor, _why(), actor.actor_id, confirmation_id, "")
    return see_other("/account/confirmations")


@router.get("/confirmations/{confirmation_id}.pdf")
async def as_pdf(request: Request, held: RequestLease, actor: CurrentActor, confirmation_id: str) -> Response:
    found = await confirmations.one(await held.connection(), actor, _why(), actor.actor_id, confirmation_id)
    return await pdf_of(request, held, actor, found)


@router.get("/confirmations/{confirmation_id}.json")
async def as_json(request: Request, conn: DbConn, actor: CurrentActor, confirmation_id: str) -> Response:
    return json_of(request, await confirmations.one(conn, actor, _why(), actor.actor_id, confirmation_id))


async def pdf_of(request: Request, held: RequestLease, actor: Actor, found: Confirmation) -> Response:
    """The confirmation as a signed PDF file. The look is committed and the connection given back before it is drawn."""
    asked_by = await org_name(await held.connection(), found.demanded_org) if found.demanded_org else found.demanded_name
    await held.release()
    body = await pdf.confirmation(found, asked_by, site(request), of=(actor.kind, actor.actor_id), demo=bool(request.app.state.demo))
    name = f"xac-nhan-{found.kind.value}-{found.confirmation_id}.pdf"
    return Response(body, media_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def json_of(request: Request, found: Confirmation) -> Response:
    """The signed text and where its key is."""
    import json

    body = {"statement": found.statement, "keys": f"{site(request)}/check/keys.json", "check": f"{site(request)}/check"}
    return Response(
        json.dumps(body, indent=1), media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="xac-nhan-{found.confirmation_id}.json"'},
    )  # fmt: skip


# A code for the counter -------------------------------------------------------------------------------------------------


@router.get("/residence-code")
async def code_page(request: Request) -> Response:
    return _code(request, "")


def _code(request: Request, code: str, errors: FormErrors | None = None, status: int = 200) -> Response:
    return render(
        request, "exchange/residence_code.html", base="base_citizen.html", code=code, image=qr(code) if code else "",
        seconds=CODE_SECONDS, errors=errors or FormErrors(), status=status,
    )  # fmt: skip


@router.post("/residence-code")
async def show_code(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Two factors are proved first; then the code is shown in the answer to the form, so that no address leads to it."""
    try:
        async with attempt(conn):
            code = await codes.show(conn, actor, signed=await sign_in.current(conn, actor))
    except NotAllowed as error:
        if error.code == "code.factors":
            return see_other(f"/eid/sign-in?next={CODE_PAGE.replace('/', '%2F')}&acr={codes.ACR}")
        return _code(request, "", FormErrors.of(error), 422)
    return _code(request, code)


# "They still asked me for a paper" ----------------------------------------------------------------------------------------


async def _demand(request: Request, conn: Conn, actor: Actor, form: Form, errors: FormErrors) -> Response:
    return render(
        request, "exchange/confirm_demanded.html", base="base_citizen.html", form=form, errors=errors, offices=await offices(conn),
        procedures=procedures.choices(), papers=[(code, procedures.paper(code)) for code in procedures.PAPERS],
        visits=await paper_demands.visits(conn, actor, _why()), procedure_title=procedures.title, status=422 if errors else 200,
    )  # fmt: skip


@router.get("/paper-demanded")
async def demand_form(request: Request, conn: DbConn, actor: CurrentActor, org: str = "", procedure: str = "") -> Response:
    return await _demand(request, conn, actor, Form.of(org=org[:40], procedure=procedure[:40], paper="household_book"), FormErrors())


@router.post("/paper-demanded/tap")
async def demand_tap(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """One tap beside an office: it is told at once; more can be said on the page that follows."""
    form = await read_form(request)
    try:
        async with attempt(conn):
            made = await paper_demands.tap(conn, actor, _why(), form.value("visit")[:120])
    except (NotFound, Exceeded) as error:
        return await _demand(request, conn, actor, Form.of(paper="household_book"), FormErrors.of(error))
    return see_other(f"/account/paper-demanded/{made}")


@router.post("/paper-demanded")
async def demand(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            made = await paper_demands.report(
                conn, actor, _why(), org_code=form.value("org"), org_name=form.value("org_name"), procedure=form.value("procedure"),
                paper=form.value("paper"), said=form.value("said"),
            )  # fmt: skip
    except (Invalid, Exceeded) as error:
        return await _demand(request, conn, actor, form, FormErrors.of(error))
    return see_other(f"/account/paper-demanded/{made}")


@router.get("/paper-demanded/{demand_id:int}")
async def demanded_page(request: Request, conn: DbConn, actor: CurrentActor, demand_id: int, done: str = "") -> Response:
    return await _demanded(request, conn, actor, demand_id, None, FormErrors(), done)


@router.post("/paper-demanded/{demand_id:int}")
async def demand_more(request: Request, conn: DbConn, actor: CurrentActor, demand_id: int) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            await paper_demands.add(conn, actor, _why(), demand_id, paper=form.value("paper"), said=form.value("said"))
    except Invalid as error:
        return await _demanded(request, conn, actor, demand_id, form, FormErrors.of(error))
    return see_other(f"/account/paper-demanded/{demand_id}?done=told")


async def _demanded(
    request: Request, conn: Conn, actor: Actor, demand_id: int, form: Form | None, errors: FormErrors, done: str = ""
) -> Response:
    one = await paper_demands.mine(conn, actor, _why(), demand_id)
    return render(
        request, "exchange/confirm_demanded_done.html", base="base_citizen.html", one=one, told=done == "told", errors=errors,
        form=form or Form.of(paper=one.paper, said=one.said), office=await org_name(conn, one.org_code) if one.org_code else one.org_name,
        procedure_title=procedures.title, papers=[(code, procedures.paper(code)) for code in procedures.PAPERS], status=422 if errors else 200,
    )  # fmt: skip
