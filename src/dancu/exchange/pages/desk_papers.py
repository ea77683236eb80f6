"""/desk/papers: what ministries hold about the person at the counter, by purpose; a health desk, a sector's own desk."""

from __future__ import annotations

from dancu.access import service as access
from dancu.exchange.pages.papers import common, fetched, lines_of
from dancu.exchange.service import disputes
from dancu.exchange.service import papers as service
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import DancuError, Invalid
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

router = APIRouter(prefix="/desk/papers")
# What somebody comes to the page for, most often first.
_USUAL = ("health_insurance", "data_subject_request", "public_service", "traffic", "social_insurance")


def offered(request: Request, actor: Actor) -> list[tuple[str, str]]:
    """(code, title) of the purposes under which this actor may see anything here."""
    desks = lines_of(request).desks
    found = [one.code for one, _ in access.purposes(serving=(service.PERMISSION,)) if service.visible(actor, Purpose(one.code, ""), desks)]
    if actor.can("case.desk") and actor.org_code in desks.values():  # a sector's own desk mends its own data, and nothing else
        found = [code for code in found if code == "data_subject_request"]
    return [(code, access.purpose_title(code)) for code in sorted(found, key=lambda code: _USUAL.index(code) if code in _USUAL else 9)]


def chosen(request: Request, actor: Actor, code: str) -> Purpose:
    """Raises Invalid for a purpose that is not offered."""
    if code not in [one for one, _ in offered(request, actor)]:
        raise Invalid("connector.purpose", N_("Hãy chọn mục đích trong danh sách."))
    return access.choose_purpose(code)


@router.get("", dependencies=[allow("paper.read")])
async def find_form(request: Request, actor: CurrentActor) -> Response:
    return render(request, "exchange/desk_find.html", form=Form(), errors=FormErrors(), purposes=offered(request, actor))


@router.post("", dependencies=[allow("paper.read")])
async def find(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """By number; it never stands in an address."""
    form = await read_form(request)
    try:
        async with attempt(conn):
            why = chosen(request, actor, form.value("purpose"))
            population.check_number(form.value("number"))
            keys = await population.keys_by_number(conn, form.value("number"))
            if not keys:
                raise nobody(actor, why)
    except DancuError as error:
        return render(
            request, "exchange/desk_find.html", form=form, errors=FormErrors.of(error), purposes=offered(request, actor), status=422
        )
    return see_other(f"/desk/papers/{handle(actor, keys[0])}?purpose={why.code}")


@router.get("/{key}", dependencies=[allow("paper.read")])
async def shelf(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, purpose: str = "") -> Response:
    """What is kept of the ministries this purpose is about, beside the registry where it is contradicted."""
    why, lines = chosen(request, actor, purpose), lines_of(request)
    view, found = await service.shelf(conn, actor, why, key, lines.desks, connected=lines.lines)
    said = [one for one in await disputes.of_person(conn, key) if one.connector in {shown.connector.code for shown in found}]
    return render(
        request, "exchange/desk_papers.html", view=view, shelf=found, disputes=said, purpose=why, purpose_title=access.purpose_title(why.code),
        **common(),
    )  # fmt: skip


@router.get("/{key}/{code}", dependencies=[allow("paper.read")])
async def paper(request: Request, held: RequestLease, actor: CurrentActor, key: RecordKey, code: str, purpose: str = "") -> Response:
    """One ministry, asked now."""
    why = chosen(request, actor, purpose)
    view, shown = await fetched(request, held, actor, why, key, code, again=True)
    return render(
        request, "exchange/desk_paper.html", view=view, shown=shown, purpose=why, purpose_title=access.purpose_title(why.code), **common(),
    )  # fmt: skip
