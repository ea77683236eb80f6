"""Who lives together: household kinds, ages, sexes, who is dead; drawn for thousands of households at once.

A household is a row of `SLOTS` places, most of them empty. Ages are years on the day of the register as
floats, so the birthday falls out of the fraction. Everything else (names, numbers, papers) is added
elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dancu.demo.names import Bools, Ints

Floats = NDArray[np.float64]

HEAD, SPOUSE, CHILD, FATHER, MOTHER, IN_LAW, GRANDCHILD, SIBLING, LODGER = 0, 1, 2, 7, 8, 9, 10, 12, 13
SLOTS = 14
CHILDREN = 5  # slots 2..6; slot 2 is the eldest, whose spouse is IN_LAW and whose children are 10 and 11

(ALONE, COUPLE, FAMILY, WITH_PARENTS, LONE_PARENT, GRANDFATHER, GRANDCHILDREN_ONLY, SIBLINGS) = range(8)
_SHARE = (0.10, 0.12, 0.41, 0.15, 0.07, 0.09, 0.02, 0.04)
_HEAD_AGE = ((20, 88), (24, 82), (25, 57), (28, 56), (26, 54), (51, 76), (56, 78), (20, 34))
_HEAD_MALE = (0.42, 0.80, 0.75, 0.75, 0.20, 0.72, 0.45, 0.60)
_CHILDREN = (
    (0.0,),
    (0.0,),
    (0.2, 0.5, 0.23, 0.06),
    (0.22, 0.5, 0.22, 0.05),
    (0.5, 0.36, 0.12),
    (0.35, 0.4, 0.2),
)
_MARRY = 18.5  # nobody is married younger than this here


@dataclass(frozen=True, slots=True)
class Households:
    """H rows. `age` also counts for the dead: the age they would have. `dead_years` is how long ago they
    died."""

    kind: Ints  # (H,)
    present: Bools  # (H, SLOTS) has a record
    age: Floats  # (H, SLOTS)
    male: Bools  # (H, SLOTS)
    dead_years: Floats  # (H, SLOTS), 0 for the living

    def first(self, count: int) -> Households:
        """The first `count` rows."""
        return Households(
            self.kind[:count],
            self.present[:count],
            self.age[:count],
            self.male[:count],
            self.dead_years[:count],
        )


def _head(rng: np.random.Generator, kind: Ints) -> tuple[Floats, Bools]:
    low, high = np.array(_HEAD_AGE, dtype=float)[kind].T
    age = low + (high - low) * rng.random(len(kind))
    # One-person and childless households are young or old, seldom in between.
    hollow = kind <= COUPLE
    young = rng.random(len(kind)) < 0.32
    age = np.where(hollow & young, low + 4 + 9 * rng.random(len(kind)), age)
    age = np.where(hollow & ~young, 54 + (high - 54) * rng.random(len(kind)) ** 1.3, age)
    return age, rng.random(len(kind)) < np.array(_HEAD_MALE)[kind]


def draw_households(rng: np.random.Generator, mountain: Bools, alone: bool = False) -> Households:
    """One household per element of `mountain` (of the district); `alone` makes one-person households only."""
    n = len(mountain)
    kind = np.zeros(n, dtype=np.int64) if alone else rng.choice(8, n, p=np.array(_SHARE) / sum(_SHARE))
    present = np.zeros((n, SLOTS), dtype=bool)
    male = rng.random((n, SLOTS)) < 0.5
    age = np.zeros((n, SLOTS))
    dead = np.zeros((n, SLOTS))
    present[:, HEAD] = True
    age[:, HEAD], male[:, HEAD] = _head(rng, kind)
    _spouses(rng, kind, present, age, male, dead, alone)
    mother_age = np.where(male[:, HEAD], age[:, SPOUSE], age[:, HEAD])
    first_birth = np.clip(rng.normal(25.5 - 2.5 * mountain, 3.4), 19, 36)
    _children(rng, kind, mountain, mother_age, first_birth, present, age)
    _grandchildren(rng, kind, present, age, male)
    _parents(rng, kind, present, age, male, dead)
    present[:, SIBLING] = (kind == SIBLINGS) & (age[:, HEAD] > 12)
    age[:, SIBLING] = age[:, HEAD] - 1.5 - 6.5 * rng.random(n)
    present[:, LODGER] = (rng.random(n) < 0.02) & (not alone)
    age[:, LODGER] = 18 + 40 * rng.random(n)
    _widowhood(rng, present, age, dead)
    return Households(kind, present, age, male, dead)


def _gap(rng: np.random.Generator, n: int) -> Floats:
    """How much older the husband is."""
    return np.clip(rng.normal(3, 3, n), -0.4, 12)


def _spouses(
    rng: np.random.Generator, kind: Ints, present: Bools, age: Floats, male: Bools, dead: Floats, alone: bool
) -> None:
    n = len(kind)
    gap = _gap(rng, n)
    age[:, SPOUSE] = np.maximum(age[:, HEAD] + np.where(male[:, HEAD], -gap, gap), _MARRY + 0.5)
    male[:, SPOUSE] = ~male[:, HEAD]
    alive = np.array((0, 1, 1, 0.93, 0, 0.75, 0.55, 0))[kind]
    gone = np.array((0.3, 0, 0, 0.4, 0.2, 0.6, 0.5, 0))[
        kind
    ]  # a record of the late spouse, of those without one
    u, v = rng.random(n), rng.random(n)
    lost = (u >= alive) & (v < gone) & (age[:, HEAD] > 30) & (not alone)
    lost &= (kind != ALONE) | (age[:, HEAD] > 50)
    present[:, SPOUSE] = (u < alive) | lost
    dead[:, SPOUSE] = np.where(lost, 0.05 + 7 * rng.random(n), 0.0)


def _children(
    rng: np.random.Generator, kind: Ints, mountain: Bools, mother_age: Floats, first_birth: Floats,
    present: Bools, age: Floats,
) -> None:  # fmt: skip
    n = len(kind)
    number = np.zeros(n, dtype=np.int64)
    for k, shares in enumerate(_CHILDREN):
        steps = np.cumsum(shares)
        rows = kind == k
        number[rows] = 1 + np.searchsorted(steps, rng.random(rows.sum())) if len(shares) > 1 else 0
    number = np.minimum(number + (number > 0) * (mountain & (rng.random(n) < 0.45)), CHILDREN)
    at_birth = first_birth.copy()
    for slot in range(CHILDREN):
        child = mother_age - at_birth
        home = np.select([child < 18, child < 23, child < 30], [1.0, 0.8, 0.4], 0.12)
        stays = (rng.random(n) < home) | ((kind == GRANDFATHER) & (slot == 0))
        present[:, CHILD + slot] = (slot < number) & (child > 0) & (child < 62) & (at_birth < 45) & stays
        age[:, CHILD + slot] = child
        at_birth = at_birth + 1.6 + rng.exponential(2.4, n)


def _grandchildren(rng: np.random.Generator, kind: Ints, present: Bools, age: Floats, male: Bools) -> None:
    n = len(kind)
    child, child_male = age[:, CHILD], male[:, CHILD]
    gap = _gap(rng, n)
    age[:, IN_LAW] = np.maximum(child + np.where(child_male, -gap, gap), _MARRY + 0.5)
    male[:, IN_LAW] = ~child_male
    married = (kind == GRANDFATHER) & present[:, CHILD] & (child > 22) & (child < 50) & (rng.random(n) < 0.85)
    present[:, IN_LAW] = married
    mother_age = np.where(child_male, age[:, IN_LAW], child)
    # The grandchild must also be eighteen years younger than the father.
    parent_age = np.minimum(mother_age, np.where(child_male, child, age[:, IN_LAW]))
    first = np.minimum(mother_age - np.clip(rng.normal(25, 3, n), 19, 34), parent_age - 18.8)
    only = kind == GRANDCHILDREN_ONLY
    first = np.where(only, 1 + 14 * rng.random(n), first)
    second = first - 1.6 - rng.exponential(2.4, n)
    for slot, years, chance in ((GRANDCHILD, first, 0.92), (GRANDCHILD + 1, second, 0.6)):
        age[:, slot] = years
        present[:, slot] = (married | only) & (years > 0) & (years < 24) & (rng.random(n) < chance)


def _parents(
    rng: np.random.Generator, kind: Ints, present: Bools, age: Floats, male: Bools, dead: Floats
) -> None:
    n = len(kind)
    with_parents = kind == WITH_PARENTS
    age[:, MOTHER] = age[:, HEAD] + np.clip(rng.normal(25, 4, n), 18.5, 41)
    age[:, FATHER] = np.maximum(age[:, MOTHER] + _gap(rng, n), age[:, HEAD] + 18.5)
    male[:, FATHER], male[:, MOTHER] = True, False
    has_mother = with_parents & (rng.random(n) < 0.82) & (age[:, MOTHER] < 99)
    has_father = with_parents & (age[:, FATHER] < 97) & ((rng.random(n) < 0.65) | ~has_mother)
    present[:, MOTHER], present[:, FATHER] = has_mother, has_father
    for slot, chance in ((FATHER, 0.32), (MOTHER, 0.14)):
        gone = present[:, slot] & (rng.random(n) < chance)
        dead[:, slot] = np.where(gone, 0.05 + 7 * rng.random(n), 0.0)


def _widowhood(rng: np.random.Generator, present: Bools, age: Floats, dead: Floats) -> None:
    """A late spouse died after the youngest child was born (and the dead have no later children)."""
    children = np.where(present[:, CHILD : CHILD + CHILDREN], age[:, CHILD : CHILD + CHILDREN], np.inf)
    youngest = children.min(axis=1)
    late = dead[:, SPOUSE] > 0
    dead[late, SPOUSE] = np.minimum(dead[late, SPOUSE], youngest[late] * rng.random(late.sum())).clip(0.01)
    # Nobody dies before adulthood here: the youngest late spouse or parent is well over thirty.
