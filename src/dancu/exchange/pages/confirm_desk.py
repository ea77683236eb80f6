"""/desk/confirmations: a counter issues a confirmation for who has no phone, and says which office demanded it."""

from __future__ import annotations

from dancu.exchange.models import procedures
from dancu.exchange.models.confirmation import Confirmation, ConfirmationKind
from dancu.exchange.pages import confirm_words as said
from dancu.exchange.pages.confirm import demanded, json_of, kind_of, offices, pdf_of
from dancu.exchange.service import confirmations, residence
from dancu.exchange.service.ways import permission_of
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotFound
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
    RequestLease,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.population import service as population
from dancu.population.service.look import nobody

router = APIRouter(prefix="/desk/confirmations", dependencies=[allow("residence.prove")])


async def _page(request: Request, conn: Conn, form: Form, errors: FormErrors) -> Response:
    why = residence.purpose_for("")
    return render(
        request, "exchange/confirm_desk.html", form=form, errors=errors, offices=await offices(conn), procedures=procedures.choices(),
        kinds=[(kind.value, said.KINDS[kind]) for kind in ConfirmationKind], purpose=why, status=422 if errors else 200,
    )  # fmt: skip


@router.get("")
async def start(request: Request, conn: DbConn) -> Response:
    return await _page(request, conn, Form.of(kind=ConfirmationKind.RESIDENCE), FormErrors())


@router.post("")
async def issue(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            made = await _issued(conn, actor, form)
    except (Invalid, Conflict, NotFound) as error:
        return await _page(request, conn, form, FormErrors.of(error))
    return see_other(f"/desk/confirmations/{handle(actor, made.person_key)}/{made.confirmation_id}")


async def _issued(conn: Conn, actor: Actor, form: Form) -> Confirmation:
    why = residence.purpose_for(form.value("case_ref")[:80])
    try:
        population.check_number(form.value("number"))
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError("number", error.code, error.message),)) from error
    if not form.value("case_ref"):
        message = N_("Hãy nhập mã hồ sơ: mỗi lần tra cứu phải thuộc một hồ sơ.")
        raise Invalid("form.invalid", message, fields=(FieldError("case_ref", "residence.case_ref", message),))
    keys = await population.keys_by_number(conn, form.value("number"))
    if not keys:
        raise nobody(actor, why)
    return await confirmations.issue(
        conn, actor, why, keys[0], kind_of(form), demanded(form), channel="counter", permission=permission_of(actor)
    )


@router.get("/{key}/{confirmation_id}")
async def show(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, confirmation_id: str) -> Response:
    why = residence.purpose_for("")
    found = await confirmations.one(conn, actor, why, key, confirmation_id, permission_of(actor))
    return render(request, "exchange/confirm_issued.html", one=found, words=said, purpose=why)


@router.get("/{key}/{confirmation_id}/file.pdf")
async def as_pdf(request: Request, held: RequestLease, actor: CurrentActor, key: RecordKey, confirmation_id: str) -> Response:
    found = await confirmations.one(await held.connection(), actor, residence.purpose_for(""), key, confirmation_id, permission_of(actor))
    return await pdf_of(request, held, actor, found)


@router.get("/{key}/{confirmation_id}/file.json")
async def as_json(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, confirmation_id: str) -> Response:
    return json_of(request, await confirmations.one(conn, actor, residence.purpose_for(""), key, confirmation_id, permission_of(actor)))
