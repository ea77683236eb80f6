"""/desk/papers: what ministries hold about the person at the counter, by purpose; a health desk, a sector's own desk. Where a ministry
contradicts the registry, the officer asks its desk to look."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.exchange.models.papers import Dispute, Shown
from dancu.exchange.pages.papers import common, fetched, lines_of
from dancu.exchange.service import disputes
from dancu.exchange.service import papers as service
from dancu.exchange.service.titles import identity_word
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed, NotFound
from dancu.kit.handles import handle
from dancu.kit.i18n import N_, gettext
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
from dancu.population.models import PersonView
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
async def shelf(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, purpose: str = "", done: str = "") -> Response:
    """What is kept of the ministries this purpose is about, beside the registry where it is contradicted."""
    why, lines = chosen(request, actor, purpose), lines_of(request)
    view, found = await service.shelf(conn, actor, why, key, lines.desks, connected=lines.lines)
    said = [one for one in await disputes.of_person(conn, key) if one.connector in {shown.connector.code for shown in found}]
    return render(
        request, "exchange/desk_papers.html", view=view, shelf=found, disputes=said, purpose=why, purpose_title=access.purpose_title(why.code),
        sent=done == "sent", **asking(request, actor, said), **common(),
    )  # fmt: skip


def asking(request: Request, actor: Actor, said: list[Dispute]) -> dict[str, Any]:
    """`ask`: may this desk ask another to look at a ministry's data: not its own, nor what is asked already, nor where no desk answers."""
    desks, waiting = lines_of(request).desks, {one.connector for one in said if one.open}
    return {"ask": lambda code: code not in waiting and desks.get(code, actor.org_code) != actor.org_code}


@router.get("/{key}/{code}", dependencies=[allow("paper.read")])
async def paper(request: Request, held: RequestLease, actor: CurrentActor, key: RecordKey, code: str, purpose: str = "") -> Response:
    """One ministry, asked now. Without the consent that health data need, the page says how the patient gives it."""
    why = chosen(request, actor, purpose)
    told = {"purpose": why, "purpose_title": access.purpose_title(why.code), **common()}
    try:
        view, shown = await fetched(request, held, actor, why, key, code, again=True)
    except NotAllowed as error:
        if error.code != "connector.consent":
            raise
        return render(request, "exchange/desk_paper.html", key=key, view=None, shown=Shown(service.known(code), None), status=403, **told)
    said = await disputes.of_person(await held.connection(), key)
    return render(request, "exchange/desk_paper.html", key=key, view=view, shown=shown, **asking(request, actor, said), **told)


@router.get("/{key}/{code}/wrong", dependencies=[allow("paper.read")])
async def wrong_form(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, code: str, purpose: str = "") -> Response:
    return await _wrong(request, conn, actor, key, code, chosen(request, actor, purpose), None, FormErrors())


@router.post("/{key}/{code}/wrong", dependencies=[allow("paper.read")])
async def wrong(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, code: str) -> Response:
    """The ministry's desk is asked to look; the person sees the case and its day of answer too."""
    form = await read_form(request)
    why, desks = chosen(request, actor, form.value("purpose")), lines_of(request).desks
    try:
        async with attempt(conn):
            _, shown = await _contradicted(request, conn, actor, why, key, code)
            await disputes.open_dispute(
                conn, actor, why, key, code, f"identity.{shown.differs[0]}", form.value("statement"), desk=desks.get(code, ""),
                details=dict.fromkeys(shown.differs, "no"),
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        return await _wrong(request, conn, actor, key, code, why, form, FormErrors.of(error))
    return see_other(f"/desk/papers/{handle(actor, key)}?purpose={why.code}&done=sent")


async def _contradicted(request: Request, conn: DbConn, actor: Actor, why: Purpose, key: int, code: str) -> tuple[PersonView, Shown]:
    """What is kept of a ministry's answer, beside the registry. Raises NotFound where they agree or nobody mends it."""
    asked = await service.ask(conn, actor, why, key, code, lines_of(request).desks)
    differs = service.differing(asked.view, asked.kept)
    if not differs or code not in lines_of(request).desks:
        raise NotFound("paper.nothing_differs", N_("Không có chỗ khác nhau để gửi, hoặc chưa có nơi nhận. Hãy hỏi lại cơ quan đó rồi xem."))
    return asked.view, Shown(service.known(code), asked.kept, None, differs)


async def _wrong(
    request: Request, conn: DbConn, actor: Actor, key: int, code: str, why: Purpose, form: Form | None, errors: FormErrors
) -> Response:
    """Both sides beside each other, and words ready to be sent: nobody at a counter has time to compose."""
    view, shown = await _contradicted(request, conn, actor, why, key, code)
    fields = ", ".join(identity_word(field).lower() for field in shown.differs)
    ready = gettext(N_("Tại quầy thấy ghi khác dữ liệu dân cư ở: {fields}. Đề nghị kiểm tra và sửa."), fields=fields)
    return render(
        request, "exchange/desk_wrong.html", key=key, view=view, shown=shown, form=form or Form.of(statement=ready), errors=errors,
        purpose=why, purpose_title=access.purpose_title(why.code), status=422 if errors else 200, **common(),
    )  # fmt: skip
