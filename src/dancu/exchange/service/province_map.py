"""A map of today's provinces as tiles: each as near as there is room to where it lies, by its coordinates; no outside map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from dancu.kernel.text import fold_ascii
from dancu.territory.models import Unit
from dancu.territory.service import REFORM, gazetteer

#: Degrees of a tile: the country becomes 15 rows of 7.
_STEP: Final = 1.0
_ROWS, _COLUMNS = 24, 12


@lru_cache(maxsize=4)
def places(today: date) -> dict[int, tuple[int, int]]:
    """Province -> (row, column), from the north-west; every province alone on its tile."""
    units = sorted((unit for unit in gazetteer().provinces(today) if unit.latitude and unit.longitude), key=lambda unit: -(unit.latitude or 0))
    if not units:
        return {}
    top, left = units[0].latitude or 0.0, min(unit.longitude or 0.0 for unit in units)
    free = {(row, column) for row in range(_ROWS) for column in range(_COLUMNS)}
    found: dict[int, tuple[int, int]] = {}
    for unit in units:
        row, column = (top - (unit.latitude or 0)) / _STEP, ((unit.longitude or 0) - left) / _STEP
        nearest = min(free, key=lambda cell: ((cell[0] - row) ** 2 + (cell[1] - column) ** 2, cell))
        found[unit.unit_id] = nearest
        free.remove(nearest)
    return found


def provinces_of(names: Iterable[tuple[str, str]], today: date) -> dict[int, str]:
    """Province of today -> organisation, for organisations (code, name) called after a province of today or of before the reform of
    July 2025 ("Ủy ban nhân dân tỉnh Quảng Trị")."""
    titles: dict[str, int] = {}
    for unit in gazetteer().provinces(REFORM - timedelta(days=1)):
        heirs = gazetteer().successors(unit.unit_id, today)
        if len(heirs) == 1:
            titles[fold_ascii(unit.title)] = heirs[0].unit_id
    titles |= {fold_ascii(unit.title): unit.unit_id for unit in gazetteer().provinces(today)}
    found: dict[int, str] = {}
    for code, name in names:
        words = fold_ascii(name).split()
        for start in range(len(words)):
            unit_id = titles.get(" ".join(words[start:]))
            if unit_id is not None:
                found.setdefault(unit_id, code)
                break
    return found


def provinces(today: date) -> Sequence[Unit]:
    return gazetteer().provinces(today)
