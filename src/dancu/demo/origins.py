"""Where people were born and registered, what they believe, which blood they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dancu.demo import households as hh
from dancu.demo.households import Floats
from dancu.demo.names import Bools, Ints, draw_table
from dancu.demo.places import PLACE_CODE, Places

_SAME_COMMUNE = np.full(hh.SLOTS, 0.9)
_SAME_COMMUNE[[hh.HEAD, hh.SPOUSE, hh.FATHER, hh.MOTHER, hh.IN_LAW, hh.SIBLING, hh.LODGER]] = (
    0.62, 0.35, 0.62, 0.35, 0.35, 0.62, 0.2,
)  # fmt: skip
_FROM_AWAY = np.full(hh.SLOTS, 0.03)
_FROM_AWAY[[hh.HEAD, hh.SPOUSE, hh.MOTHER, hh.IN_LAW, hh.LODGER]] = (0.05, 0.09, 0.06, 0.1, 0.25)
# Born abroad: country and the three-digit code its births get in the personal ID number. The official list of
# country codes was not found; these stand for it, outside the range of the 63 provinces (001 to 096).
_ABROAD = (("LAO", 195), ("KHM", 176), ("KOR", 193), ("JPN", 220), ("USA", 187), ("DEU", 126))
_ABROAD_SHARE = draw_table([40.0, 12.0, 12.0, 10.0, 16.0, 10.0])
_RELIGIONS = ("Không", "Phật giáo", "Công giáo", "Cao Đài", "Tin Lành")
_RELIGION_PLAIN = draw_table([86.0, 8.5, 3.2, 1.3, 1.0])
_RELIGION_MOUNTAIN = draw_table([93.0, 1.0, 1.8, 0.2, 4.0])
_BLOOD = (None, "O", "B", "A", "AB")
_BLOOD_SHARE = draw_table([62.0, 16.5, 11.5, 7.8, 2.2])


@dataclass(frozen=True, slots=True)
class Births:
    """Flat arrays. `unit` is meaningless where `abroad`; `place` is the code at the head of the number."""

    unit: Ints
    abroad: Bools
    country: list[str]
    place: Ints


def births(
    rng: np.random.Generator, places: Places, slot: Ints, home: Ints, age: Floats, year: Ints
) -> Births:
    """Place of birth for each person, given slot and commune of the household. Births are registered where
    they happened; for older people born in another province often only the province is known."""
    n = len(slot)
    commune = places.neighbour(rng, home, _SAME_COMMUNE[slot], 0.6 * (1 - _SAME_COMMUNE[slot]))
    u = rng.random(n)
    away = u < _FROM_AWAY[slot]
    province = places.elsewhere_births[rng.integers(0, len(places.elsewhere_births), n)]
    unit = np.where(away, places.away(rng, province), places.unit_ids[commune])
    vague = away & (year < 1975) & (rng.random(n) < 0.6)
    unit = np.where(vague, places.elsewhere_province[province], unit)
    place = np.where(away, places.elsewhere_place[province], PLACE_CODE)
    abroad = (u > 1 - 0.004) & (age < 70)
    country = ["VNM"] * n
    where = np.flatnonzero(abroad)
    codes = _ABROAD_SHARE[rng.integers(0, len(_ABROAD_SHARE), len(where))].tolist()
    for person, code in zip(where.tolist(), codes, strict=True):
        country[person] = _ABROAD[code][0]
        place[person] = _ABROAD[code][1]
    return Births(unit, abroad, country, place)


def religions(rng: np.random.Generator, mountain: Bools) -> list[str]:
    u = rng.integers(0, len(_RELIGION_PLAIN), len(mountain))
    return [_RELIGIONS[r] for r in np.where(mountain, _RELIGION_MOUNTAIN[u], _RELIGION_PLAIN[u]).tolist()]


def blood_groups(rng: np.random.Generator, n: int) -> list[str | None]:
    return [_BLOOD[b] for b in _BLOOD_SHARE[rng.integers(0, len(_BLOOD_SHARE), n)].tolist()]
