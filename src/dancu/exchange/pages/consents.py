"""/account/consents/organisations: organisations that may ask about me by my consent alone, and letting them. Nothing is ticked before
the citizen ticks it."""

from __future__ import annotations

from dancu.access import service as access
from dancu.exchange.service import consenting
from dancu.kernel.errors import Invalid, NotFound
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
from dancu.sharing.models import FIELDS, GROUPS

HOME = "/account/consents/organisations"
router = APIRouter(dependencies=[allow("citizen")])


@router.get(HOME)
async def listing(request: Request, conn: DbConn) -> Response:
    return await _page(request, conn, Form(), FormErrors(), "")


@router.post(HOME + "/{client_no}/{purpose}")
async def give(request: Request, conn: DbConn, actor: CurrentActor, client_no: int, purpose: str) -> Response:
    form = await read_form(request)
    days = form.value("days")
    try:
        async with attempt(conn):
            ticked = form.values("groups")
            await consenting.give(conn, actor, client_no, purpose, ticked, int(days) if days.isdecimal() and len(days) < 4 else 0)
    except (Invalid, NotFound) as error:
        return await _page(request, conn, form, FormErrors.of(error), f"{client_no}/{purpose}")
    return see_other("/account/consents?done=given")


async def _page(request: Request, conn: DbConn, form: Form, errors: FormErrors, at: str) -> Response:
    return render(
        request, "exchange/consents.html", askers=await consenting.askers(conn), form=form, errors=errors, at=at, home=HOME, words=FIELDS,
        groups=GROUPS, days=consenting.DAYS, purpose_title=access.purpose_title, law_name=access.law_name, status=422 if errors else 200,
    )  # fmt: skip
