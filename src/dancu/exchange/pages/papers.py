"""/account/papers: what each ministry holds about me; saying that something in it is wrong."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.exchange.connectors.client import Lines
from dancu.exchange.models.papers import Shown
from dancu.exchange.service import disputes, medical
from dancu.exchange.service import paper_words as words
from dancu.exchange.service import papers as service
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError
from dancu.kit.i18n import gettext
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
from dancu.population.models import PersonView

router = APIRouter(prefix="/account/papers")


def why() -> Purpose:
    return access.choose_purpose("own_record")


def lines_of(request: Request) -> Lines:
    lines: Lines = request.app.state.lines
    return lines


def common() -> dict[str, Any]:
    """What every template of papers needs."""
    return {"words": words, "today": SYSTEM_CLOCK.today()}


@router.get("", dependencies=[allow("citizen")])
async def shelf(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    """What is kept, at once; what is due is asked for by the page, ministry by ministry, so that none waits for another."""
    lines = lines_of(request)
    _, found = await service.shelf(conn, actor, why(), actor.actor_id, lines.desks, connected=lines.lines)
    return render(
        request, "exchange/papers.html", shelf=found, disputes=await disputes.of_person(conn, actor.actor_id),
        consent=await medical.standing(conn, actor), done=done if done in ("wrong", "consent", "withdrawn") else "", **common(),
    )  # fmt: skip


async def fetched(request: Request, held: RequestLease, actor: CurrentActor, purpose: Purpose, key: int, code: str, *, again: bool) -> tuple[PersonView, Shown]:
    """Leave is recorded and committed, the ministry asked with no connection held, its answer kept."""
    lines = lines_of(request)
    asking = await service.ask(await held.connection(), actor, purpose, key, code, lines.desks)
    one = service.known(code)
    if asking.kept is not None and asking.kept.fresh(one, SYSTEM_CLOCK.now()) and not again:
        return asking.view, Shown(one, asking.kept, None, service.differing(asking.view, asking.kept))
    await held.release()
    answer = await lines.ask(code, asking.number)
    return asking.view, await service.settle(await held.connection(), asking, answer)


@router.get("/{code}", dependencies=[allow("citizen")])
async def paper(request: Request, held: RequestLease, actor: CurrentActor, code: str, part: int = 0, again: int = 0) -> Response:
    """One ministry's paper, asked now where what is kept is not fresh. With `part` only its section, for the page of all."""
    _, shown = await fetched(request, held, actor, why(), actor.actor_id, code, again=bool(again))
    return render(request, "exchange/_paper.html" if part else "exchange/paper.html", shown=shown, alone=not part, **common())


@router.get("/{code}/wrong", dependencies=[allow("citizen")])
async def wrong_form(request: Request, conn: DbConn, actor: CurrentActor, code: str) -> Response:
    return await _wrong(request, conn, actor, code, Form(), FormErrors())


@router.post("/{code}/wrong", dependencies=[allow("citizen")])
async def wrong(request: Request, conn: DbConn, actor: CurrentActor, code: str) -> Response:
    form, desks = await read_form(request), lines_of(request).desks
    try:
        async with attempt(conn):
            await disputes.open_dispute(
                conn, actor, why(), actor.actor_id, code, form.value("field")[:60], form.value("statement"), desk=desks.get(code, "")
            )
    except DancuError as error:
        return await _wrong(request, conn, actor, code, form, FormErrors.of(error))
    return see_other("/account/papers?done=wrong")


async def _wrong(request: Request, conn: DbConn, actor: CurrentActor, code: str, form: Form, errors: FormErrors) -> Response:
    one = service.known(code)
    fields = [
        (f"{part.code}.{field.code}", f"{gettext(part.title)}: {gettext(field.title)}") for part in one.parts for field in part.fields if field.owned
    ]
    whole = [(f"{part.code}.", f"{gettext(part.title)}: {gettext('thiếu một dòng hoặc thừa một dòng')}") for part in one.parts if not part.single]
    identity = [(f"identity.{field}", gettext(words.IDENTITY_WORDS[field])) for field in service.IDENTITY if field in one.identity]
    return render(
        request, "exchange/paper_wrong.html", one=one, form=form, errors=errors, fields=[*whole, *fields, *identity], status=422 if errors else 200,
        **common(),
    )  # fmt: skip


@router.post("/medical/consent", dependencies=[allow("citizen")])
async def consent(conn: DbConn, actor: CurrentActor) -> Response:
    await medical.give(conn, actor)
    return see_other("/account/papers?done=consent")


@router.post("/medical/withdraw", dependencies=[allow("citizen")])
async def withdraw(conn: DbConn, actor: CurrentActor) -> Response:
    await medical.withdraw(conn, actor)
    return see_other("/account/papers?done=withdrawn")
