"""Who is married to whom, since when, and everybody's marital status."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dancu.demo import households as hh
from dancu.demo.households import Floats, Households
from dancu.demo.names import Ints

SINGLE, MARRIED, WIDOWED, DIVORCED = range(4)  # in the order of records.Marital
_PAIRS = ((hh.HEAD, hh.SPOUSE), (hh.FATHER, hh.MOTHER), (hh.CHILD, hh.IN_LAW))


@dataclass(frozen=True, slots=True)
class Marriages:
    """Grids (household, slot): `status` codes, `years` since the wedding (0 unknown or none), `partner` the
    spouse's slot or -1."""

    status: Ints
    years: Floats
    partner: NDArray[np.int64]


def marriages(rng: np.random.Generator, homes: Households) -> Marriages:
    """Married at 20 (he) and 18 (she) at the earliest, usually a year before the first child; a death makes a
    widow or widower, and the dead stay what they were when they died."""
    shape = homes.present.shape
    n = shape[0]
    status = np.zeros(shape, dtype=np.int64)
    years = np.zeros(shape)
    partner = np.full(shape, -1, dtype=np.int64)
    slots = slice(hh.CHILD, hh.CHILD + hh.CHILDREN)
    eldest = np.where(homes.present[:, slots], homes.age[:, slots], 0).max(axis=1)
    grandchild = np.where(homes.present[:, 10:12], homes.age[:, 10:12], 0).max(axis=1)
    for (a, b), child in zip(_PAIRS, (eldest, homes.age[:, hh.HEAD], grandchild), strict=True):
        pair = homes.present[:, a] & homes.present[:, b]
        adult = np.minimum(
            homes.age[:, a] - np.where(homes.male[:, a], 20, 18),
            homes.age[:, b] - np.where(homes.male[:, b], 20, 18),
        )
        usual = np.where(child > 0, child + 0.6 + rng.random(n), adult * rng.random(n))
        deaths = np.maximum(homes.dead_years[:, a], homes.dead_years[:, b])
        wed = np.clip(usual, np.minimum(deaths + 0.5, adult), np.maximum(adult, 0.02))
        for slot, other in ((a, b), (b, a)):
            years[:, slot] = np.where(pair, wed, years[:, slot])
            partner[:, slot] = np.where(pair, other, partner[:, slot])
            survived = (homes.dead_years[:, other] > 0) & (
                (homes.dead_years[:, slot] == 0) | (homes.dead_years[:, slot] < homes.dead_years[:, other])
            )
            status[:, slot] = np.where(pair, np.where(survived, WIDOWED, MARRIED), status[:, slot])
    _alone(rng, homes, status)
    return Marriages(status, years, partner)


def _alone(rng: np.random.Generator, homes: Households, status: Ints) -> None:
    """People without a spouse on record."""
    n = len(homes.kind)
    u = rng.random(n)
    lone = ~homes.present[:, hh.SPOUSE]
    elder = np.select([u < 0.22, u < 0.78], [SINGLE, WIDOWED], DIVORCED)
    parted = np.select([u < 0.5, u < 0.85], [DIVORCED, SINGLE], WIDOWED)
    head = np.select(
        [homes.kind == hh.LONE_PARENT, homes.kind == hh.SIBLINGS, homes.age[:, hh.HEAD] < 40],
        [parted, SINGLE, SINGLE],
        elder,
    )
    raising = np.isin(homes.kind, (hh.GRANDFATHER, hh.GRANDCHILDREN_ONLY, hh.WITH_PARENTS))
    head = np.where(raising, np.where(u < 0.8, WIDOWED, DIVORCED), head)
    status[:, hh.HEAD] = np.where(lone, head, status[:, hh.HEAD])
    for slot, other in ((hh.FATHER, hh.MOTHER), (hh.MOTHER, hh.FATHER)):
        alone = homes.present[:, slot] & ~homes.present[:, other]
        status[:, slot] = np.where(alone, np.where(u < 0.9, WIDOWED, DIVORCED), status[:, slot])
