"""Parents in earlier households: a bounded memory of couples that later heads and spouses can be children
of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dancu.demo.names import Bools, Ints

_DECADES = 14  # of the mother's birth, from 1890
_KEPT = 64  # couples remembered per district and decade; older ones are overwritten


@dataclass(frozen=True, slots=True)
class Couples:
    """Parallel arrays. `surname` is the father's; `origin` the commune the father's line comes from."""

    district: Ints
    father: Ints
    mother: Ints
    father_year: Ints
    mother_year: Ints
    surname: Ints
    ethnicity: Ints
    origin: Ints


_FIELDS = ("father", "mother", "father_year", "mother_year", "surname", "ethnicity", "origin")


class CouplesBefore:
    """The last couples of each district and decade, in constant memory."""

    def __init__(self, districts: int) -> None:
        self._cells = {name: np.full((districts * _DECADES, _KEPT), -1, dtype=np.int64) for name in _FIELDS}
        self._seen = np.zeros(districts * _DECADES, dtype=np.int64)

    @staticmethod
    def _cell(district: Ints, mother_year: Ints) -> Ints:
        return district * _DECADES + np.clip((mother_year - 1890) // 10, 0, _DECADES - 1)

    def remember(self, couples: Couples) -> None:
        cell = self._cell(couples.district, couples.mother_year)
        order = np.argsort(cell, kind="stable")
        ordered = cell[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
        rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
        place = (self._seen[ordered] + rank) % _KEPT
        for name in _FIELDS:
            self._cells[name][ordered, place] = getattr(couples, name)[order]
        np.add.at(self._seen, cell, 1)

    def parents_for(
        self, rng: np.random.Generator, wanted: Bools, district: Ints, year: Ints, ethnicity: Ints
    ) -> tuple[Bools, Couples]:
        """For each child: whether a fitting couple was found (same ethnicity, 19 to 40 years older for the
        mother, 19 to 60 for the father), and the couples."""
        cell = self._cell(district, year - 19 - rng.integers(0, 20, len(year)))
        known = np.minimum(self._seen[cell], _KEPT)
        place = (rng.random(len(year)) * known).astype(np.int64)
        found = Couples(district, *(self._cells[name][cell, place] for name in _FIELDS))
        mother, father = year - found.mother_year, year - found.father_year
        fits = (mother >= 19) & (mother <= 40) & (father >= 19) & (father <= 60)
        return wanted & (known > 0) & fits & (found.ethnicity == ethnicity), found
