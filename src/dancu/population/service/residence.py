"""Residence: moving, staying, being away."""

from __future__ import annotations

from datetime import date

from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_
from dancu.population.models import ResidenceKind
from dancu.population.policy import residence as rule
from dancu.population.policy.headship import HeadMoves, Headship, head_moves, headed
from dancu.population.policy.residence import Place
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.store import gate
from dancu.territory.service import gazetteer


def unit_on(unit_id: int | None, on: date) -> int | None:
    """What a unit is called on a day, where it has one heir; a split unit stays as recorded, and its candidate heirs
    see who lives there until somebody places them."""
    if unit_id is None or gazetteer().unit(unit_id).valid_on(on):
        return unit_id
    heirs = gazetteer().successors(unit_id, on)
    return heirs[0].unit_id if len(heirs) == 1 else unit_id


MOVE = "person.write.move"
_AS_IS = Headship()


def check_place(place: Place, on: date) -> None:
    """A unit is named as of a day: 20335 was one ward and is another."""
    if place.unit_id is not None and not gazetteer().unit(place.unit_id).valid_on(on):
        raise Invalid(
            "residence.unit.not_then", N_("Đơn vị hành chính này không tồn tại vào ngày đó. Hãy chọn lại.")
        )


@verb("move", MOVE)
async def move(
    act: Act,
    person_key: int,
    *,
    kind: ResidenceKind,
    place: Place,
    since: date,
    until: date | None = None,
    reason: str = "",
    household: Headship = _AS_IS,
) -> Work:
    """Register where a person lives from `since` on (permanent, temporary, current) or is away to (absence).
    The office of the new place may register it, and the office of the old one. `household`: what becomes of the
    household of a head who moves for good; staying as it is, it is noted that its head lives elsewhere."""
    check_place(place, since)
    incoming = [place.unit_id] if place.unit_id is not None and kind != ResidenceKind.ABSENCE else []
    await act.open([person_key], incoming)
    heads = None
    if kind == ResidenceKind.PERMANENT:
        heads = headed((await act.peek(person_key)).households, person_key, since)
        if heads is not None and household.becomes != HeadMoves.AS_IS:
            await act.open(await gate.members_of(act.conn, heads.household_key), incoming)
    work = await act.take(person_key)
    rule.move(work, person_key, kind, place, since, until, reason)
    if heads is not None:
        head_moves(work, person_key, heads, place, since, household)
    return work


@verb("end_residence", MOVE)
async def end_residence(
    act: Act, person_key: int, *, kind: ResidenceKind, on: date, reason: str = ""
) -> Work:
    """The residence, stay or absence ends; `on` is the first day it holds no longer."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.end(work, person_key, kind, on, reason)
    return work


@verb("cancel_residence", MOVE)
async def cancel_residence(act: Act, person_key: int, *, fact_id: int) -> Work:
    """Take back a registration that should not have been made."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.cancel(work, person_key, fact_id)
    return work
