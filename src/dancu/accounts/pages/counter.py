"""The counter of level 2: scan, compare, capture, confirm, decide."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.accounts.models.level2 import OfficeKind, Stated, VisitState
from dancu.accounts.pages import words_level2 as words
from dancu.accounts.pages.browser import helper_of
from dancu.accounts.present.protection import ENDS, GROUND
from dancu.accounts.rules_level2 import DOCUMENTS
from dancu.accounts.service import deadlines, offices, visit, visit_decision
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import parse_date
from dancu.kernel.errors import DancuError, Exceeded, FieldError, Invalid, NotAllowed
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
    read_form,
    render,
    see_other,
)
from dancu.population import service as population
from dancu.territory.service import gazetteer

router = APIRouter(prefix="/desk/eid/counter")
ENROL = allow("eid.enrol")
#: Bytes of an image that are taken; the check of the portrait bounds its pixels.
LARGEST = 5_000_000


def _why() -> dict[str, Any]:
    why = visit.purpose()
    return {"purpose": why, "purpose_title": access.purpose_title(why.code), "words": words}


async def _front(request: Request, conn: DbConn, actor: CurrentActor, form: Form, errors: FormErrors) -> Response:
    mine = sorted(await offices.mine(conn, actor), key=lambda o: (o.org_code != actor.org_code, list(OfficeKind).index(o.kind), o.name))
    lines = await visit.waiting(conn, actor)
    return render(
        request, "accounts/counter.html", form=form, errors=errors, offices=[(o.office_id, o.name) for o in mine], lines=lines, late=await deadlines.late_for(conn, actor),
        today=SYSTEM_CLOCK.today(), status=422 if errors else 200, **_why(),
    )  # fmt: skip


@router.get("", dependencies=[ENROL])
async def front(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _front(request, conn, actor, Form(), FormErrors())


@router.post("", dependencies=[ENROL])
async def begin(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        office_id = int(form.value("office")) if form.value("office").isdigit() else 0
        if not office_id:
            raise Invalid("visit.office", N_("Hãy chọn điểm đang làm việc."))
        birth = _birth(form.value("birth")) if form.value("birth") else ""
        async with attempt(conn):
            opened = await visit.begin(
                conn, actor, office_id, form.value("text"), name=form.value("name"), birth=birth,
                assisted=helper_of(request) is not None, guardian=form.value("guardian"),
            )  # fmt: skip
    except Exceeded:
        raise
    except DancuError as error:
        if isinstance(error, NotAllowed) and not error.code.startswith(("level2.", "office.")):
            raise
        return await _front(request, conn, actor, form, FormErrors.of(error))
    return see_other(f"/desk/eid/counter/{opened.visit_id}")


def _birth(text: str) -> str:
    try:
        return str(parse_date(text).date)
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError("birth", error.code, error.message, tuple(error.params.items())),), **error.params) from None


async def _page(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int, errors: FormErrors, form: Form | None = None) -> Response:
    found = await visit.page(conn, actor, visit_id)
    said = found.stated
    kept = Form.of(
        phone=show_phone(said.phone) if said.phone else "", email=said.email, language=said.language, documents=found.visit.documents,
        card_wanted="1" if found.visit.card_wanted else None,
    )  # fmt: skip
    return render(
        request, "accounts/visit.html", page=found, who=population.summary(found.view), errors=errors, form=form or kept,
        all_documents=DOCUMENTS, may_decide=actor.can("eid.application.decide"), status=422 if errors else 200,
        mine=actor.actor_id in (found.visit.decided_by, found.visit.opened_by), ground=GROUND, ends=ENDS, unit_name=gazetteer().full_name, **_why(),
    )  # fmt: skip


@router.get("/{visit_id}", dependencies=[ENROL])
async def show(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int) -> Response:
    return await _page(request, conn, actor, visit_id, FormErrors())


@router.post("/{visit_id}/capture", dependencies=[ENROL], max_body_size=LARGEST + 100_000)
async def capture(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            await visit.capture(conn, actor, visit_id, form.value("kind"), await image_of(form))
    except Invalid as error:
        return await _page(request, conn, actor, visit_id, FormErrors((), error))
    return see_other(f"/desk/eid/counter/{visit_id}")


async def image_of(form: Form, name: str = "image") -> bytes:
    """The uploaded image, bounded. Raises Invalid where there is none or it is too large."""
    upload = form.file(name)
    if upload is None:
        raise Invalid("capture.empty", N_("Chưa có ảnh. Hãy chụp hoặc chọn tệp ảnh."))
    image = await upload.read(LARGEST + 1)
    if len(image) > LARGEST:
        raise Invalid("capture.large", N_("Ảnh lớn hơn 5 MB. Hãy chụp lại với cỡ nhỏ hơn."))
    return image


@router.post("/{visit_id}/state", dependencies=[ENROL])
async def state(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int) -> Response:
    form = await read_form(request)
    said = Stated(form.value("phone"), form.value("email"), form.value("language", "vi"))
    try:
        async with attempt(conn):
            await visit.state(
                conn, actor, visit_id, said, documents=form.values("documents"), card_wanted=form.checked("card_wanted")
            )
    except Invalid as error:
        return await _page(request, conn, actor, visit_id, FormErrors.of(error), form)
    return see_other(f"/desk/eid/counter/{visit_id}#confirm")


@router.get("/{visit_id}/form", dependencies=[ENROL])
async def form_page(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int) -> Response:
    """Form TK01 as the registry fills it: for the second screen, and for paper."""
    found = await visit.page(conn, actor, visit_id)
    return render(
        request, "accounts/tk01.html", page=found, who=population.summary(found.view), show_phone=show_phone,
        organisation=await access.organisation(conn, actor.org_code), **_why(),
    )  # fmt: skip


@router.post("/{visit_id}/confirm", dependencies=[ENROL])
async def confirm(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int) -> Response:
    form = await read_form(request)
    await visit.confirm(conn, actor, visit_id, form.value("how"))
    return see_other(f"/desk/eid/counter/{visit_id}{'/form' if form.value('how') == 'screen' else '#decide'}")


@router.post("/{visit_id}/decide", dependencies=[allow("eid.application.decide")])
async def decide(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int) -> Response:
    form = await read_form(request)
    approve, reason = form.value("decision") == "approve", form.value("reason")
    try:
        async with attempt(conn):
            now, _ = await visit.own_visit(conn, actor, visit_id)
            done = visit_decision.second if now.state is VisitState.SECOND else visit_decision.submit
            await done(conn, actor, visit_id, approve=approve, reason=reason)
    except DancuError as error:
        if error.code.startswith("permission."):
            raise
        return await _page(request, conn, actor, visit_id, FormErrors((), error))
    return see_other(f"/desk/eid/counter/{visit_id}")


@router.post("/{visit_id}/abandon", dependencies=[ENROL])
async def abandon(request: Request, conn: DbConn, actor: CurrentActor, visit_id: int) -> Response:
    await visit.abandon(conn, actor, visit_id)
    return see_other("/desk/eid/counter")
