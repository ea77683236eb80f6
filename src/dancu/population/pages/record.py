"""A person's record on the desk: identity, residence, household, kin, cards, history with an as-of control."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from dancu.access import service as access
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    RecordKey,
    Request,
    Response,
    allow,
    attempt,
    render,
)
from dancu.population import models as m
from dancu.population import present, service, wording
from dancu.population.forms.words import finding_in_words
from dancu.population.pages.actions import actions_for, done_title, follow_ups
from dancu.population.service import findings
from dancu.population.service.look import unreached as record_unreached
from dancu.population.service.numbers import PENDING
from dancu.population.service.relatives import names_now
from dancu.population.wording import labels

router = APIRouter(prefix="/desk/persons")


async def unreached(request: Request, conn: DbConn, actor: Actor) -> None:
    """Records a try at an address of a record that no page had shown (`app.state.unreached`)."""
    await record_unreached(conn, actor, access.desk_purpose(request.cookies, actor))


def sections(
    view: m.PersonView, today: date, names: Mapping[int, str] | None = None
) -> list[tuple[str, list[wording.Line]]]:
    """The record as it holds on the view's day: (title, lines), in the order an officer asks. `names`: what relatives
    who have a record are called now, as far as they were looked at; what was declared of them stands beside it."""

    def told(facts: Iterable[m.Fact | None]) -> list[wording.Line]:
        return [line for fact in facts if fact is not None for line in wording.lines(fact, today)]

    numbers = sorted(view.numbers_now, key=lambda n: n.kind != m.NumberKind.PERSONAL_ID)
    found = [
        (N_("Nhân thân"), told([view.name, *view.other_names, *numbers, view.birth, view.trait, *view.life])),
        (N_("Cư trú"), told([view.permanent, view.temporary, view.absence, view.current_place])),
        (N_("Hộ gia đình"), told([view.membership, view.household])),
        (N_("Quan hệ gia đình"), [*_kin(view, today, names or {}), *told([view.marital_status])]),
        (N_("Thẻ và liên hệ"), [*_cards(view, today), *told([*view.holding(view.contacts), *view.others])]),
    ]
    return [(title, lines) for title, lines in found if lines]


def _cards(view: m.PersonView, today: date) -> Iterator[wording.Line]:
    """Two cards of one day carry the same number and dates: which came first is said."""
    cards = view.holding(view.cards)
    for fact in cards:
        same = [one.state for one in cards if one.issued_on is not None and one.issued_on == fact.issued_on]
        later = fact.state == m.CardState.ACTIVE
        said = gettext(N_("thẻ cấp sau trong ngày") if later else N_("thẻ cấp trước trong ngày")) if len(same) > 1 and m.CardState.ACTIVE in same else ""
        yield from (replace(line, note=line.note or said) for line in wording.lines(fact, today))


def _kin(view: m.PersonView, today: date, names: Mapping[int, str]) -> Iterator[wording.Line]:
    for fact in view.holding(view.kin):
        now = names.get(fact.relative_key) if fact.relative_key is not None else None
        if now is None or now == fact.relative_name:
            yield from wording.lines(fact, today)
        else:
            said = gettext(N_("khai là {name}"), name=fact.relative_name) if fact.relative_name else ""
            yield from (replace(line, note=said) for line in wording.lines(replace(fact, relative_name=now), today))


def _linked(view: m.PersonView, known: Mapping[int, str]) -> list[int]:
    """Relatives with a record whose present name is not known yet."""
    keys = {k.relative_key for k in view.holding(view.kin) if k.relative_key is not None}
    return sorted(keys - set(known))


async def read(
    request: Request, conn: DbConn, actor: Actor, key: int, permission: str = "person.read"
) -> tuple[m.PersonView, Purpose, FormErrors]:
    """The view the address asks for (?as_of=, ?known_at=), with the purpose it is seen under. Unreadable dates are
    said on the page, which then shows today."""
    why, errors = access.desk_purpose(request.cookies, actor), FormErrors()
    day = at = None
    try:
        day = present.on_day(request.query_params.get("as_of", ""))
        at = present.moment(request.query_params.get("known_at", ""))
    except DancuError as error:
        errors = FormErrors((), error)
    return await service.person(conn, actor, why, key, as_of=day, known_at=at, permission=permission), why, errors


def _context(request: Request, actor: Actor, view: m.PersonView, why: Purpose, errors: FormErrors) -> dict[str, Any]:
    return {
        "view": view, "purpose": why, "purpose_title": access.purpose_title(why.code), "purposes": access.desk_purposes(actor),
        "errors": errors, "labels": labels, "wording": wording, "asked": dict(request.query_params),
        "past": not errors and bool(request.query_params.get("as_of") or request.query_params.get("known_at")),
        "unknown_then": view.known_at is not None and not view.facts(),
        "actions": actions_for(actor, view), "done": done_title(request.query_params.get("done", "")),
        "follow": follow_ups(actor, view, request.query_params.get("done", "")),
    }  # fmt: skip


@router.get("/{key}", dependencies=[allow("person.read")])
async def record(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
    try:
        async with attempt(conn):
            view, why, errors = await read(request, conn, actor, key)
    except NotAllowed as error:
        if error.code != "person.outside_area":
            raise
        return _outside(request, actor, key, error)
    members: list[m.PersonView] = []
    hidden = 0
    if view.membership is not None:
        members, hidden = await service.household_members(conn, actor, why, view.membership.household_key)
    # Those who live together were looked at for the list of the household. Others are looked at when that is asked for:
    # opening a record is no reason to look at everybody related.
    names = {one.person_key: one.name.full_name for one in members if one.name is not None}
    present = view.known_at is None and view.as_of == SYSTEM_CLOCK.today()
    linked = _linked(view, names) if present else []
    if linked and request.query_params.get("relatives") == "now":
        names |= await names_now(conn, actor, why, linked)
        linked = []
    noticed = await findings.open_findings(conn, key)
    return render(
        request, "population/record.html", sections=sections(view, SYSTEM_CLOCK.today(), names if present else None),
        members=members, unchecked=bool(linked),
        hidden=hidden, noticed=[finding_in_words(one) for one in noticed], waits=any(one.code == PENDING for one in noticed),
        **_context(request, actor, view, why, errors),
    )  # fmt: skip


def _outside(request: Request, actor: Actor, key: int, error: NotAllowed) -> Response:
    """The record is of another area: say so and offer the lawful way in. After a move away, say that it was done."""
    why = access.desk_purpose(request.cookies, actor)
    return render(
        request, "population/outside.html", error=error, key=key, done=done_title(request.query_params.get("done", "")),
        purpose=why, purpose_title=access.purpose_title(why.code), purposes=access.desk_purposes(actor), status=403,
    )  # fmt: skip


@router.get("/{key}/history", dependencies=[allow("person.history")])
async def history(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
    view, why, errors = await read(request, conn, actor, key, "person.history")
    today = SYSTEM_CLOCK.today()
    lines = [line for fact in await service.history(conn, key) for line in wording.lines(fact, today) if line.value]
    return render(request, "population/history.html", lines=lines, **_context(request, actor, view, why, errors))


@router.get("/{key}/print", dependencies=[allow("person.print")])
async def printed(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
    view, why, errors = await read(request, conn, actor, key, "person.print")
    return render(
        request, "population/print.html", sections=sections(view, SYSTEM_CLOCK.today()),
        organisation=await access.organisation(conn, actor.org_code),
        **_context(request, actor, view, why, errors),
    )  # fmt: skip
