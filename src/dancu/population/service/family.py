"""Marriage and its end; parents, children, representatives."""

from __future__ import annotations

from datetime import date

from dancu.population.models import KinFact, KinRelation, PersonView
from dancu.population.policy import kinship, marriage
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.store import persons

MARRY = "person.write.marry"
DIVORCE = "person.write.divorce"
KINSHIP = "person.write.kinship"
ALL_GENERATIONS = 40


@verb("marry", MARRY)
async def marry(act: Act, person_key: int, *, spouse_key: int, on: date) -> Work:
    """Register a marriage. One of the two must be of the office's area; both records change."""
    await act.open({person_key, spouse_key})
    work = await act.take(person_key)
    above = await persons.ancestors(act.conn, [person_key, spouse_key], 3)
    own = {a: d for p, a, d in above if p == person_key}
    common = [(own[a], d) for p, a, d in above if p == spouse_key and a in own]
    marriage.marry(work, person_key, spouse_key, on, common)
    return work


@verb("divorce", DIVORCE)
async def divorce(act: Act, person_key: int, *, on: date) -> Work:
    """A court's divorce: both are divorced from `on`."""
    return await _end(act, person_key, on, annulled=False)


@verb("annul_marriage", DIVORCE)
async def annul_marriage(act: Act, person_key: int, *, on: date) -> Work:
    """A court annulled the marriage that held on `on`: the status before it holds on all its days."""
    return await _end(act, person_key, on, annulled=True)


async def _end(act: Act, person_key: int, on: date, *, annulled: bool) -> Work:
    await act.open([person_key])
    await act.open(_named(await act.peek(person_key), KinRelation.SPOUSE))
    work = await act.take(person_key)
    await act.gathered(work, _named(work.view(person_key), KinRelation.SPOUSE))
    marriage.end_marriage(work, person_key, on, annulled=annulled)
    return work


@verb("set_parent", KINSHIP)
async def set_parent(act: Act, person_key: int, *, relation: KinRelation, parent: int | KinFact | None) -> Work:
    """Say who the father or mother is: a person of the registry (both records say it), somebody known from
    papers, or None to take it back."""
    if not act.preview:
        await persons.lock_kinship(act.conn)
    await act.open([person_key, *([parent] if isinstance(parent, int) else [])])
    await act.open(_named(await act.peek(person_key), relation))
    work = await act.take(person_key)
    await act.gathered(work, _named(work.view(person_key), relation))
    above: set[int] = set()
    if isinstance(parent, int):
        above = {a for _, a, d in await persons.ancestors(act.conn, [parent], ALL_GENERATIONS) if d > 0}
    kinship.set_parent(work, person_key, relation, parent, above)
    return work


@verb("set_representative", KINSHIP)
async def set_representative(
    act: Act, person_key: int, *, representative: int | KinFact, since: date, until: date | None = None
) -> Work:
    """Somebody acts for the person by law."""
    await act.open([person_key, *([representative] if isinstance(representative, int) else [])])
    work = await act.take(person_key)
    kinship.set_representative(work, person_key, representative, since, until)
    return work


@verb("end_representation", KINSHIP)
async def end_representation(act: Act, person_key: int, *, on: date) -> Work:
    """Nobody acts for the person from `on` on."""
    await act.open([person_key])
    await act.open(_named(await act.peek(person_key), KinRelation.REPRESENTATIVE))
    work = await act.take(person_key)
    await act.gathered(work, _named(work.view(person_key), KinRelation.REPRESENTATIVE))
    kinship.end_representation(work, person_key, on)
    return work


def _named(view: PersonView, relation: KinRelation) -> list[int]:
    return [k.relative_key for k in view.kin if k.relation == relation and k.relative_key is not None]
