"""Death, its correction, and being declared missing."""

from __future__ import annotations

from datetime import date

from dancu.kernel.dates.partial import PartialDate
from dancu.kernel.errors import Conflict
from dancu.kit.i18n import N_
from dancu.population.models import KinFact, KinRelation, PersonView
from dancu.population.policy import life as rule
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.store import facts

DIE = "person.write.die"


@verb("die", DIE)
async def die(act: Act, person_key: int, *, on: PartialDate, place: str = "", cause: str = "") -> Work:
    """Register a death: residence, household, marriage, card and contacts end; the spouse is widowed."""
    await act.open([person_key])
    await act.open(_spouses(await act.peek(person_key)))
    work = await act.take(person_key)
    await act.gathered(work, _spouses(work.view(person_key)))
    rule.die(work, person_key, on, place, cause)
    return work


@verb("declare_missing", DIE)
async def declare_missing(act: Act, person_key: int, *, since: date, place: str = "") -> Work:
    """A court declared the person missing."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.declare_missing(work, person_key, since, place)
    return work


@verb("found_again", DIE)
async def found_again(act: Act, person_key: int, *, on: date) -> Work:
    """The person came back, or the declaration was lifted."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.found_again(work, person_key, on)
    return work


@verb("undo_death", DIE)
async def undo_death(act: Act, person_key: int) -> Work:
    """The registered death was wrong: take it back, with everything it ended."""
    await act.open([person_key])
    view = await act.peek(person_key)
    if view.death is None or view.death.stored is None:
        raise Conflict("person.not_dead", N_("Người này không có đăng ký khai tử."))
    tick = view.death.stored.known_from
    history = await facts.load_history(act.conn, person_key)
    spouses = {
        f.relative_key
        for f in history
        if isinstance(f, KinFact) and f.relation == KinRelation.SPOUSE and f.relative_key is not None
        and f.stored and f.stored.known_until == tick
    }  # fmt: skip
    await act.open(spouses)
    work = await act.take(person_key)
    rule.undo_death(work, person_key, {k: await facts.load_history(act.conn, k) for k in work.persons})
    return work


def _spouses(view: PersonView) -> list[int]:
    return [
        k.relative_key for k in view.kin if k.relation == KinRelation.SPOUSE and k.relative_key is not None
    ]
