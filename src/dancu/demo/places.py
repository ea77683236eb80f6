"""Where the synthetic people live and were born: communes of Quảng Nam with population shares, hamlets, and
the provinces people move from and to. Units come from the territory's gazetteer; data/districts.csv adds
rounded district populations (2019 census) and the mix of ethnic groups, data/hamlets.csv made-up hamlet
names."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from dancu.demo.names import ETHNICITIES, Ints, draw_table
from dancu.demo.records import DemoHamlet
from dancu.territory.models import Unit
from dancu.territory.service import Gazetteer, gazetteer

PLACE_CODE = 49  # of births registered in Quảng Nam, at the head of personal ID numbers
# Provinces people of Quảng Nam come from and go to, with weights for births and for work away.
_ELSEWHERE = {
    "48": (24, 46), "51": (15, 3), "46": (10, 2), "79": (12, 28), "52": (6, 1), "01": (5, 3), "40": (5, 0),
    "64": (5, 1), "66": (5, 1), "62": (4, 1), "74": (3, 10), "75": (4, 6), "42": (2, 0),
}  # fmt: skip
# A commune's share inside its district: urban ones are more densely settled; the rest vary by a fixed
# irregularity.
_URBAN_KINDS = ("phường", "thị trấn")
_COMMUNE_SHARE = {"20353": 1.6, "20434": 0.25, "20338": 0.55, "20407": 1.5, "20965": 1.6}


def _rows(name: str) -> Iterator[dict[str, str]]:
    with files("dancu.demo").joinpath(f"data/{name}").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


Shares = float | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Places:
    """Communes are numbered 0..C-1 in the order of their districts (so a district is a slice), districts
    0..17, other provinces 0..E-1. `cumulative` are the upper ends of the communes' shares of the
    population."""

    communes: tuple[Unit, ...]
    unit_ids: Ints  # (C,)
    district: Ints  # (C,) district index
    district_codes: tuple[str, ...]
    district_start: Ints  # (D,) first commune
    district_size: Ints  # (D,) number of communes
    cumulative: NDArray[np.float64]  # (C,)
    urban: NDArray[np.bool_]  # (C,)
    mountain: NDArray[np.bool_]  # (D,)
    ethnicity: Ints  # (D, draws) draw tables of ethnicity indices
    hamlets: tuple[DemoHamlet, ...]
    hamlet_start: Ints  # (C,)
    hamlet_size: Ints  # (C,)
    elsewhere_place: Ints  # (E,) three-digit place code of the personal ID number
    elsewhere_province: Ints  # (E,) unit id of the province
    elsewhere_births: Ints  # draw table of E
    elsewhere_work: Ints  # draw table of E
    elsewhere_units: Ints  # (sum of communes,) unit ids
    elsewhere_start: Ints  # (E,)
    elsewhere_size: Ints  # (E,)

    def commune_of(self, code: str) -> int:
        """Commune index by code of 2023. KeyError when unknown."""
        for index, unit in enumerate(self.communes):
            if unit.code == code:
                return index
        raise KeyError(code)

    def neighbour(self, rng: np.random.Generator, home: Ints, same: Shares, district: Shares) -> Ints:
        """A commune each: the same with probability `same`, one of the same district with `district`, else
        any of the province by population."""
        u = rng.random(home.shape)
        d = self.district[home]
        near = self.district_start[d] + (rng.random(home.shape) * self.district_size[d]).astype(np.int64)
        far = np.searchsorted(self.cumulative, rng.random(home.shape))
        return np.where(u < same, home, np.where(u < same + district, near, far))

    def away(self, rng: np.random.Generator, province: Ints) -> Ints:
        """A commune's unit id in each of the given other provinces."""
        return self.elsewhere_units[
            self.elsewhere_start[province]
            + (rng.random(province.shape) * self.elsewhere_size[province]).astype(np.int64)
        ]


def _share(unit: Unit) -> float:
    irregular = 0.75 + (int(unit.code) * 2654435761 % 1000) / 1600
    return _COMMUNE_SHARE.get(unit.code, irregular * (1.35 if unit.kind in _URBAN_KINDS else 1.0))


def _unit(units: Gazetteer, code: str, as_of: date) -> Unit:
    unit = units.by_code(code, as_of)
    if unit is None:
        raise ValueError(f"no unit {code} on {as_of}: the synthetic province lives before July 2025")
    return unit


@cache
def places(as_of: date = date(2023, 4, 15)) -> Places:
    """The tables as of a day, built once."""
    units = gazetteer()
    districts = list(_rows("districts.csv"))
    communes: list[Unit] = []
    shares: list[float] = []
    district: list[int] = []
    for d, row in enumerate(districts):
        children = units.children(_unit(units, row["code"], as_of).unit_id, as_of)
        weights = np.array([_share(u) for u in children])
        shares += list(weights / weights.sum() * int(row["population"]))
        communes += children
        district += [d] * len(children)
    sizes = np.bincount(district)
    hamlets, hamlet_sizes = _hamlets(communes)
    provinces = [_unit(units, code, as_of) for code in _ELSEWHERE]
    away_units = [[c.unit_id for c in units.communes(province.unit_id, as_of)] for province in provinces]
    away_sizes = np.array([len(u) for u in away_units])
    return Places(
        communes=tuple(communes),
        unit_ids=np.array([u.unit_id for u in communes]),
        district=np.array(district),
        district_codes=tuple(row["code"] for row in districts),
        district_start=np.cumsum(sizes) - sizes,
        district_size=sizes,
        cumulative=np.cumsum(shares) / np.sum(shares),
        urban=np.array([u.kind in _URBAN_KINDS for u in communes]),
        mountain=np.array([row["mountain"] == "1" for row in districts]),
        ethnicity=np.stack([draw_table([float(row[e]) for e in ETHNICITIES]) for row in districts]),
        hamlets=hamlets,
        hamlet_start=np.cumsum(hamlet_sizes) - hamlet_sizes,
        hamlet_size=hamlet_sizes,
        elsewhere_place=np.array([int(code) for code in _ELSEWHERE]),
        elsewhere_province=np.array([u.unit_id for u in provinces]),
        elsewhere_births=draw_table([float(w[0]) for w in _ELSEWHERE.values()]),
        elsewhere_work=draw_table([float(w[1]) for w in _ELSEWHERE.values()]),
        elsewhere_units=np.array([u for us in away_units for u in us]),
        elsewhere_start=np.cumsum(away_sizes) - away_sizes,
        elsewhere_size=away_sizes,
    )


def _hamlets(communes: list[Unit]) -> tuple[tuple[DemoHamlet, ...], Ints]:
    by_code: dict[str, list[tuple[str, str]]] = {}
    for row in _rows("hamlets.csv"):
        by_code.setdefault(row["commune"], []).append((row["kind"], row["name"]))
    hamlets: list[DemoHamlet] = []
    for unit in communes:
        for kind, name in by_code[unit.code]:
            hamlets.append(DemoHamlet(len(hamlets), unit.unit_id, kind, name))
    return tuple(hamlets), np.array([len(by_code[unit.code]) for unit in communes])
