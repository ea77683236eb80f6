"""Numbers that are unique by construction, not by remembering those given out.

Every cell of the number space (place code, century-sex digit, year for personal ID numbers; a block of two
prefixes for old CMND) has its own permutation of the serials and a counter: the n-th number of a cell is
permutation(n). No set of used numbers is kept, the serials look random, and the numbers not reached yet stay
free for later allocation. Memory: one counter per cell.

The permutations are always the same; runs that must not share a number (the province, the files imported
beside it, a benchmark's rows) each take their own *series* of every cell.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_HALF = 1000
_SERIALS = _HALF * _HALF
_ROUNDS = 4

# Quảng Nam's own CMND prefixes come first. Above two million holders the province would have run out; the
# larger synthetic populations go on in prefixes counted down from 399, which no province of the centre used.
_CMND_HOME = (205, 206)
_PHONE_RANGES = (
    "050",
    "051",
    "053",
    "054",
    "057",
)  # not assigned to any operator: no real person is ever called


def _mix(values: Ints, key: Ints) -> Ints:
    """A cheap integer hash to 0..999; only has to look irregular."""
    x = (values * 7919 + key * 104729 + 12345) & 0x7FFFFFFF
    x = (x ^ (x >> 13)) * 1274126177 & 0x7FFFFFFF
    return np.asarray((x ^ (x >> 16)) % _HALF, dtype=np.int64)


def permuted(n: Ints, key: Ints) -> Ints:
    """Position n (0..999,999) of the permutation named by key: a balanced Feistel network on two three-digit
    halves, hence a bijection whatever the round function does."""
    left, right = n // _HALF, n % _HALF
    for round_ in range(_ROUNDS):
        left, right = right, (left + _mix(right, key * _ROUNDS + round_)) % _HALF
    return left * _HALF + right


def _ranks(cells: Ints) -> Ints:
    """For each element, how many equal elements stand before it."""
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    ranks = np.empty(len(cells), dtype=np.int64)
    ranks[order] = np.arange(len(cells)) - np.repeat(starts, lengths)
    return ranks


SERIES = 5
_PER_SERIES = _SERIALS // SERIES


class PersonalNumbers:
    """Gives out personal ID numbers of a series (0..4); `reserved` (the personas') are never given out."""

    def __init__(self, series: int = 0, reserved: Iterable[str] = ()) -> None:
        self._given = np.full(1000 * 10 * 100, series * _PER_SERIES, dtype=np.int64)
        self._end = (series + 1) * _PER_SERIES
        self._reserved = np.array(sorted(int(number) for number in reserved), dtype=np.int64)

    def take(self, place: Ints, male: NDArray[np.bool_], year: Ints) -> Ints:
        """One number each, as an integer (format with 12 digits). `place` 0..999, `year` 1900..2399.
        ValueError when a cell has no serials left."""
        cell = (place * 10 + (year // 100 - 19) * 2 + ~male) * 100 + year % 100
        numbers = self._next(cell)
        while len(taken := np.flatnonzero(np.isin(numbers, self._reserved))):
            numbers[taken] = self._next(cell[taken])
        return numbers

    def _next(self, cell: Ints) -> Ints:
        position = self._given[cell] + _ranks(cell)
        if position.max(initial=0) >= self._end:
            raise ValueError("no serials left for a place, sex and year of birth")
        np.add.at(self._given, cell, 1)
        return cell * _SERIALS + permuted(position, cell)


class Sequence:
    """Old CMND or telephone numbers: one running count, dressed up. `reserved` are never given out."""

    def __init__(self, kind: int, series: int = 0, reserved: Iterable[str] = ()) -> None:
        self._kind = kind  # CMND and telephone numbers must not resemble each other
        self._given = series * 10_000_000
        self._reserved = np.array(sorted(int(number) for number in reserved), dtype=np.int64)

    def _take(self, n: int) -> tuple[Ints, Ints]:
        position = np.arange(self._given, self._given + n, dtype=np.int64)
        self._given += n
        block = position // (2 * _SERIALS)
        within = position % (2 * _SERIALS)
        half = within % 2
        return block * 2 + half, permuted(within // 2, block * 2 + half + self._kind * 1000)

    def cmnd(self, n: int) -> Ints:
        """n old nine-digit numbers as integers, 205… and 206… first."""
        prefix, serial = self._take(n)
        home = np.where(prefix == 0, _CMND_HOME[0], _CMND_HOME[1])
        numbers = np.where(prefix < 2, home, 401 - prefix) * _SERIALS + serial
        if len(taken := np.flatnonzero(np.isin(numbers, self._reserved))):
            numbers[taken] = self.cmnd(len(taken))
        return numbers

    def phones(self, n: int) -> list[str]:
        """n telephone numbers of ten digits; 0579…, the last million, stays free. ValueError past 49
        million."""
        prefix, serial = self._take(n)
        if prefix.max(initial=0) >= 10 * len(_PHONE_RANGES) - 1:
            raise ValueError("no telephone numbers left")
        return [
            f"{_PHONE_RANGES[p % 5]}{p // 5}{s:06d}"
            for p, s in zip(prefix.tolist(), serial.tolist(), strict=True)
        ]
