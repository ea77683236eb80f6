"""People who are easily taken for one another, put among the others on purpose: twins, two of one name and birthday in one
commune, a son who bears his father's name. Matching is measured against a registry that has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from dancu.demo.numbers import PersonalNumbers
from dancu.demo.records import DemoHousehold, DemoPerson, Relation

_SERIES = 3


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Shares: twins of households with two children, namesakes of all people, namesons of sons."""

    twins: float = 0.03
    namesakes: float = 0.003
    namesons: float = 0.005


def planted(
    households: Iterator[DemoHousehold], seed: int, rates: Lookalikes | None = None, spared: int = 0
) -> Iterator[DemoHousehold]:
    """The same households with look-alikes among them; the first `spared` persons stay as they are. Same seed, same people."""
    chosen = rates or Lookalikes()
    rng, numbers = Random(seed), PersonalNumbers(_SERIES)  # noqa: S311 - synthetic data
    seen: dict[int, DemoPerson] = {}  # the last grown-up of each commune
    for household in households:
        if household.members[0].index < spared:
            yield household
            continue
        members = list(household.members)
        _twins(rng, numbers, members, chosen.twins)
        _namesons(rng, members, chosen.namesons)
        for place, person in enumerate(members):
            other = seen.get(household.unit_id)
            if other and not person.flaw and rng.random() < chosen.namesakes:
                members[place] = _reborn(numbers, replace(person, name=other.name), other)
        if household.unit_id not in seen or rng.random() < 0.1:
            seen[household.unit_id] = rng.choice(members)
        yield replace(household, members=tuple(members))


def _twins(rng: Random, numbers: PersonalNumbers, members: list[DemoPerson], share: float) -> None:
    children = [place for place, p in enumerate(members) if p.relation == Relation.CHILD and not p.died_on and not p.flaw]
    if len(children) < 2 or rng.random() >= share:
        return
    first, second = members[children[0]], members[children[1]]
    words = first.name.split()
    # Twins share surname and, two times in three, the middle word; their own names differ.
    if rng.random() < 0.66 and len(words) > 2 and first.sex == second.sex:
        second = replace(second, name=" ".join((*words[:-1], second.name.split()[-1])))
    if second.name != first.name:
        members[children[1]] = _reborn(numbers, second, first, keep_sex=True)


def _namesons(rng: Random, members: list[DemoPerson], share: float) -> None:
    by_index = {p.index: p for p in members}
    for place, person in enumerate(members):
        father = by_index.get(person.father) if person.father is not None else None
        if father is not None and person.sex == "M" and not person.flaw and rng.random() < share:
            members[place] = replace(person, name=father.name)


def _reborn(numbers: PersonalNumbers, person: DemoPerson, like: DemoPerson, *, keep_sex: bool = False) -> DemoPerson:
    """The person born on the other's day, with a number that says so."""
    sex = person.sex if keep_sex else like.sex
    number = numbers.take(np.array([int(person.personal_id[:3])]), np.array([sex == "M"]), np.array([like.birth_year]))[0]
    return replace(
        person, personal_id=f"{number:012d}", sex=sex, birth_year=like.birth_year, birth_month=like.birth_month,
        birth_day=like.birth_day, resident_since=max(person.resident_since, like.resident_since),
    )  # fmt: skip
