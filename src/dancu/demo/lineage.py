"""Kin, names and origins of a chunk of households.

People of a household who have the same parents form a *family*; `FAMILY` maps each household slot to one of
`FAMILIES` columns. A family's father and mother are a person of the household, a couple of an earlier
household, a name on paper, or unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dancu.demo import households as hh
from dancu.demo.households import Households
from dancu.demo.kin import Couples, CouplesBefore
from dancu.demo.names import Bools, Ints, tables
from dancu.demo.places import Places
from dancu.demo.records import NamedParent

FAMILIES = 8
_OF_HEAD, _OF_SPOUSE, _CHILDREN, _OF_FATHER, _OF_MOTHER, _OF_IN_LAW, _GRANDCHILDREN, _OF_LODGER = range(
    FAMILIES
)
FAMILY = np.array([0, 1, 2, 2, 2, 2, 2, 3, 4, 5, 6, 6, 0, 7])
_LINKED = 0.45  # share of heads (else spouses) whose parents are looked for in earlier households


@dataclass(frozen=True, slots=True)
class Lineage:
    """Grids over (household, slot) or (household, family); -1 for nobody."""

    ethnicity: Ints  # (H, SLOTS)
    surname: Ints  # (H, SLOTS)
    origin: Ints  # (H, SLOTS) commune index
    father: Ints  # (H, FAMILIES) person index
    mother: Ints  # (H, FAMILIES)
    father_named: list[NamedParent | None]  # by household row * FAMILIES + family
    mother_named: list[NamedParent | None]


def trace(
    rng: np.random.Generator, places: Places, before: CouplesBefore, homes: Households, commune: Ints,
    index: Ints, year: Ints,
) -> Lineage:  # fmt: skip
    """Kin of a chunk. `commune` (H,), `index` and `year` of birth (H, SLOTS); also remembers the chunk's
    couples."""
    rows = np.arange(len(commune))
    district = places.district[commune]
    male, present = homes.male, homes.present
    ethnicity = np.repeat(_ethnicity(rng, places, district)[:, None], hh.SLOTS, axis=1)
    for slot in (hh.SPOUSE, hh.MOTHER, hh.IN_LAW, hh.LODGER):
        mixed = rng.random(len(rows)) < 0.05
        ethnicity[mixed, slot] = _ethnicity(rng, places, district[mixed])
    surname = tables().surname(rng, ethnicity)
    origin = np.empty_like(surname)
    own_line = places.neighbour(rng, commune, 0.72, 0.2)
    for slot in range(hh.SLOTS):
        origin[:, slot] = own_line
    for slot in (hh.SPOUSE, hh.MOTHER, hh.IN_LAW, hh.LODGER):
        origin[:, slot] = places.neighbour(rng, commune, 0.35, 0.35)

    father = np.full((len(rows), FAMILIES), -1, dtype=np.int64)
    mother = np.full((len(rows), FAMILIES), -1, dtype=np.int64)
    _link(rng, before, homes, district, year, ethnicity, surname, origin, father, mother)

    head_male = male[:, hh.HEAD]
    father_slot = np.where(head_male, hh.HEAD, hh.SPOUSE)
    # A lone mother whose child has no father on paper: the child carries her name.
    fatherless = (
        (homes.kind == hh.LONE_PARENT) & ~head_male & ~present[:, hh.SPOUSE] & (rng.random(len(rows)) < 0.5)
    )
    line = np.where(fatherless, hh.HEAD, father_slot)
    child_line = np.where(male[:, hh.CHILD], hh.CHILD, hh.IN_LAW)
    for grid in (surname, ethnicity, origin):
        grid[:, hh.FATHER] = grid[:, hh.HEAD]
        grid[:, hh.SIBLING] = grid[:, hh.HEAD]
        for slot in range(hh.CHILD, hh.CHILD + hh.CHILDREN):
            grid[:, slot] = grid[rows, line]
        for slot in (hh.GRANDCHILD, hh.GRANDCHILD + 1):
            grid[:, slot] = grid[rows, child_line]

    def of(slot: Ints) -> Ints:
        return index[rows, slot]

    father[:, _CHILDREN], mother[:, _CHILDREN] = of(father_slot), of(1 - father_slot)
    with_parents = homes.kind == hh.WITH_PARENTS
    father[:, _OF_HEAD] = np.where(with_parents, index[:, hh.FATHER], father[:, _OF_HEAD])
    mother[:, _OF_HEAD] = np.where(with_parents, index[:, hh.MOTHER], mother[:, _OF_HEAD])
    father[:, _GRANDCHILDREN] = of(child_line)
    mother[:, _GRANDCHILDREN] = of(np.where(male[:, hh.CHILD], hh.IN_LAW, hh.CHILD))
    # A grandchild living with grandparents only: the parents are elsewhere, and so are their records.
    alone = homes.kind == hh.GRANDCHILDREN_ONLY
    father[alone, _GRANDCHILDREN] = mother[alone, _GRANDCHILDREN] = -1

    named_f, named_m = _named(rng, homes, year, ethnicity, surname, father, mother, fatherless)
    _remember(before, homes, district, index, year, surname, ethnicity, origin)
    return Lineage(ethnicity, surname, origin, father, mother, named_f, named_m)


def _ethnicity(rng: np.random.Generator, places: Places, district: Ints) -> Ints:
    return places.ethnicity[district, rng.integers(0, places.ethnicity.shape[1], len(district))]


def _link(
    rng: np.random.Generator, before: CouplesBefore, homes: Households, district: Ints, year: Ints,
    ethnicity: Ints, surname: Ints, origin: Ints, father: Ints, mother: Ints,
) -> None:  # fmt: skip
    """Parents in earlier households for the head, or else for the spouse: never both, they are no
    siblings."""
    free = homes.kind != hh.WITH_PARENTS
    taken = np.zeros(len(district), dtype=bool)
    for slot, family in ((hh.HEAD, _OF_HEAD), (hh.SPOUSE, _OF_SPOUSE)):
        wanted = free & ~taken & homes.present[:, slot] & (rng.random(len(district)) < _LINKED)
        if slot == hh.SPOUSE:
            wanted |= ~free & homes.present[:, slot] & (rng.random(len(district)) < _LINKED)
        found, couples = before.parents_for(rng, wanted, district, year[:, slot], ethnicity[:, slot])
        father[found, family], mother[found, family] = couples.father[found], couples.mother[found]
        surname[found, slot], origin[found, slot] = couples.surname[found], couples.origin[found]
        taken |= found


def _named(
    rng: np.random.Generator, homes: Households, year: Ints, ethnicity: Ints, surname: Ints, father: Ints,
    mother: Ints, fatherless: Bools,
) -> tuple[list[NamedParent | None], list[NamedParent | None]]:  # fmt: skip
    """Parents known by name, most with a year of birth, where no record was found; the oldest often have
    none."""
    shape = father.shape
    eldest = np.full(shape, 9999, dtype=np.int64)
    for slot in range(hh.SLOTS):
        family = FAMILY[slot]
        eldest[:, family] = np.where(
            homes.present[:, slot], np.minimum(eldest[:, family], year[:, slot]), eldest[:, family]
        )
    some = np.array(
        [FAMILY.tolist().index(f) for f in range(FAMILIES)]
    )  # a slot of each family, for its surname
    known = (eldest < 9999) & (rng.random(shape) < np.where(eldest < 1955, 0.55, 0.9))
    mothers_line = tables().surname(rng, ethnicity[:, some])
    lists: list[list[NamedParent | None]] = []
    for grid, male, line, low, spread in (
        (father, True, surname[:, some], 21, 18),
        (mother, False, mothers_line, 19, 17),
    ):
        wanted = known & (grid < 0)
        if male:
            wanted[fatherless, _CHILDREN] = False
        row, family = np.nonzero(wanted)
        born = eldest[row, family] - low - rng.integers(0, spread, len(row))
        names = tables().compose(
            rng, line[row, family], ethnicity[row, some[family]], np.full(len(row), male), born
        )
        years: list[int | None] = np.where(rng.random(len(row)) < 0.78, born, 0).tolist()
        parents: list[NamedParent | None] = [None] * (shape[0] * FAMILIES)
        for place, name, on_paper in zip((row * FAMILIES + family).tolist(), names, years, strict=True):
            parents[place] = NamedParent(name, on_paper or None)
        lists.append(parents)
    return lists[0], lists[1]


def _remember(
    before: CouplesBefore, homes: Households, district: Ints, index: Ints, year: Ints, surname: Ints,
    ethnicity: Ints, origin: Ints,
) -> None:  # fmt: skip
    both = homes.present[:, hh.HEAD] & homes.present[:, hh.SPOUSE] & (homes.age[:, hh.HEAD] > 38)
    rows = np.flatnonzero(both)
    dad = np.where(homes.male[rows, hh.HEAD], hh.HEAD, hh.SPOUSE)
    mum = 1 - dad
    before.remember(
        Couples(
            district[rows], index[rows, dad], index[rows, mum], year[rows, dad], year[rows, mum],
            surname[rows, dad], ethnicity[rows, dad], origin[rows, dad],
        )
    )  # fmt: skip
