"""Records spoiled on purpose, each labelled with the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dancu.demo.names import Bools, Ints
from dancu.demo.records import DemoHousehold, DemoPerson, Flaw, FlawRates, Marital, Relation

if TYPE_CHECKING:
    from dancu.demo.chunks import Province

_CLOSE = (
    ("y", "i"),
    ("oà", "òa"),
    ("uý", "úy"),
    ("Hoàng", "Huỳnh"),
    ("Vũ", "Võ"),
    ("ả", "ã"),
    ("ị", "ỵ"),
    ("â", "a"),
)


class Spoiler:
    """Chooses and makes the flaws of a chunk at the given rates."""

    def __init__(self, rates: FlawRates) -> None:
        self._rates = rates

    def mark(
        self, rng: np.random.Generator, male: Bools, year: Ints
    ) -> tuple[list[Flaw | None], Bools, Ints, Bools]:
        """Labels, then what the numbers shall say of sex and year, then whose place of origin is missing."""
        r, n = self._rates, len(male)
        u = rng.random(n)
        ends = np.cumsum([r.number_sex, r.number_year, r.no_origin])
        which = np.searchsorted(ends, u, side="right")
        labels: list[Flaw | None] = [None] * n
        for person in np.flatnonzero(which < 3).tolist():
            labels[person] = (Flaw.NUMBER_SEX, Flaw.NUMBER_YEAR, Flaw.NO_ORIGIN)[which[person]]
        off = np.where(rng.random(n) < 0.5, -1, 1) * rng.integers(1, 10, n)
        wrong_year = np.where(which == 1, np.clip(year + off, 1900, 2099), year)
        return labels, male ^ (which == 0), wrong_year, which == 2

    def duplicates(
        self, province: Province, rng: np.random.Generator, made: list[DemoHousehold], left: int
    ) -> list[DemoHousehold]:
        """Second records of adults of the chunk, each living alone in a commune of the same district."""
        # 1.4: only about seven in ten are adults alive
        people = [(household, person) for household in made for person in household.members]
        chosen = np.flatnonzero(rng.random(len(people)) < self._rates.duplicate * 1.4).tolist()
        adult = province.as_of.year - 18
        out: list[DemoHousehold] = []
        for household, person in (people[i] for i in chosen):
            if len(out) < left and not person.died_on and person.birth_year <= adult and not person.flaw:
                out.append(_double(province, rng, household, person))
        return out


def _double(
    province: Province, rng: np.random.Generator, household: DemoHousehold, person: DemoPerson
) -> DemoHousehold:
    places = province.places
    home = int(np.flatnonzero(places.unit_ids == household.unit_id)[0])
    commune = int(places.neighbour(rng, np.array([home]), 0.2, 0.75)[0])
    place = np.array([int(person.personal_id[:3])])
    number = province.numbers.take(place, np.array([person.sex == "M"]), np.array([person.birth_year]))[0]
    double = replace(
        person,
        index=province.people,
        household=province.households,
        relation=Relation.HEAD,
        personal_id=f"{number:012d}",
        cmnd=None,
        name=variant(rng, person.name),
        birth_day=None if rng.random() < 0.4 else person.birth_day,
        phone=None,
        email=None,
        card=None,
        stay=None,
        absence=None,
        # The spouse is married to the first record; the second one only repeats the word.
        spouse=None,
        marital=person.marital if rng.random() < 0.7 else Marital.SINGLE,
        flaw=Flaw.DUPLICATE,
        flaw_of=person.index,
    )
    double = double if double.birth_month else replace(double, birth_day=None)
    province.people += 1
    province.households += 1
    hamlet = int(places.hamlet_start[commune] + rng.integers(0, places.hamlet_size[commune]))
    return DemoHousehold(
        index=double.household,
        number=province.household_number(double.household),
        file_number=province.file_number(commune, double.household),
        unit_id=int(places.unit_ids[commune]),
        hamlet=hamlet,
        address=f"Tổ {int(rng.integers(1, 13))}",
        since=person.resident_since,
        members=(double,),
    )


def variant(rng: np.random.Generator, name: str) -> str:
    """The name as another clerk heard or typed it: a word less, a close letter, or unchanged."""
    words = name.split()
    u = rng.random()
    if u < 0.3 and len(words) > 2:
        return " ".join((*words[:-2], words[-1]))
    if u < 0.75:
        for a, b in (_CLOSE[i] for i in rng.permutation(len(_CLOSE))):
            if a in name:
                return name.replace(a, b, 1)
    return name
