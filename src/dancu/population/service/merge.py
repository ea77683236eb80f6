"""Merging two records of one person, and undoing it."""

from __future__ import annotations

from collections.abc import Mapping

from dancu.kernel.errors import Conflict
from dancu.kit.i18n import N_
from dancu.population.models import KinFact, KinRelation, PersonView
from dancu.population.policy import kinship
from dancu.population.policy import merge as rule
from dancu.population.policy.differences import Side
from dancu.population.policy.undo import changed_since
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, MergeNote, verb
from dancu.population.service.family import ALL_GENERATIONS
from dancu.population.store import facts, numbers, persons, write

MERGE = "person.merge"


@verb("merge", MERGE)
async def merge(
    act: Act, absorbed_key: int, *, kept_key: int, choices: Mapping[str, Side] | None = None
) -> Work:
    """Two records are one person: `kept_key` stands for both. `choices`: whose value stands where they differ, by the
    codes of `policy.differences`; the better source where left out. Nothing is thrown away; `undo_merge` takes it
    back."""
    if not act.preview:
        await persons.lock_kinship(act.conn)
    await act.open({absorbed_key, kept_key})
    view = await act.peek(absorbed_key)
    spouses = _spouses(await act.peek(kept_key))  # widowed where the other record knows of a death
    await act.open({*_relatives(view), *spouses, *await persons.named_by(act.conn, [absorbed_key])})
    work = await act.take(absorbed_key)
    await act.gathered(work, _relatives(work.view(absorbed_key)) | _spouses(work.view(kept_key)))
    directory = await numbers.of_person(act.conn, absorbed_key)
    act.merge = MergeNote(
        absorbed_key,
        kept_key,
        undo={
            "persons": sorted(work.persons),
            "directory": directory,
            "choices": dict(choices or {}),
            "death_learned": bool(work.persons[absorbed_key].alive_until and not work.persons[kept_key].alive_until),
        },
    )
    above = await persons.ancestors(act.conn, [absorbed_key, kept_key], ALL_GENERATIONS)
    rule.merge(work, absorbed_key, kept_key, directory, {(p, a) for p, a, distance in above if distance}, choices)
    return work


@verb("undo_merge", MERGE)
async def undo_merge(act: Act, absorbed_key: int) -> Work:
    """The two were different persons after all: both records say again what they said before the merge."""
    if not act.preview:
        await persons.lock_kinship(act.conn)
    await act.open([absorbed_key])
    noted = await write.open_merge(act.conn, absorbed_key)
    if noted is None:
        raise Conflict("merge.none", N_("Hồ sơ này chưa được gộp vào hồ sơ nào."))
    kept_key, merged_at, undo = noted
    await act.open(undo["persons"])
    work = await act.take(absorbed_key)
    act.merge = MergeNote(absorbed_key, kept_key, undone=merged_at)
    rule.unmerge(
        work,
        absorbed_key,
        kept_key,
        merged_at,
        {key: await facts.load_history(act.conn, key) for key in undo["persons"]},
        [(number, kind, state) for number, kind, state in undo["directory"]],
        death_learned=undo["death_learned"],
    )
    await _no_circle(act, work)
    return work


async def _no_circle(act: Act, work: Work) -> None:
    """Refuse where somebody would descend from themselves: the merge had taken a parent away, and what was said since
    was true without that parent only. Asked generation by generation, since of persons outside the work the store
    knows the parents, and of those in it the work does."""
    parents: dict[int, set[int]] = {}
    asked = set(work.persons)
    for _ in range(ALL_GENERATIONS):
        inside = asked & set(work.persons)
        parents |= {key: _parents(work.view(key)) for key in inside}
        if outside := sorted(asked - inside):
            parents |= {key: set() for key in outside}
            for key, ancestor, distance in await persons.ancestors(act.conn, outside, 1):
                if distance:
                    parents[key].add(ancestor)
        asked = {parent for key in asked for parent in parents[key]} - set(parents)
        if not asked:
            break
    if kinship.circular(parents):
        raise changed_since()


def _parents(view: PersonView) -> set[int]:
    return {k.relative_key for k in view.kin if k.relation in kinship.PARENTS and k.relative_key is not None}


def _spouses(view: PersonView) -> set[int]:
    return {k.relative_key for k in view.kin if k.relation == KinRelation.SPOUSE and k.relative_key is not None}


def _relatives(view: PersonView) -> set[int]:
    return {k.relative_key for k in view.kin if isinstance(k, KinFact) and k.relative_key is not None}
