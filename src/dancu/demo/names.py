"""Names of the synthetic people: by sex, generation and ethnicity, with the region's shares of surnames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DRAWS = 4096  # weights are rounded to 1/4096 so that a draw is one table look-up
_COHORTS = (1960, 1985, 2005)  # generations by year of birth, as the data file groups them
# Groups without a table of their own carry Kinh names (Hoa, Mường) or their neighbours' (Mnông).
_NAMED_LIKE = {"mnông": "xơ đăng", "hoa": "kinh", "mường": "kinh"}
ETHNICITIES = ("kinh", "cơ tu", "giẻ triêng", "xơ đăng", "co", "mnông", "hoa", "mường")
ETHNICITY_LABELS = ("Kinh", "Cơ Tu", "Giẻ Triêng", "Xơ Đăng", "Co", "Mnông", "Hoa", "Mường")


def _weighted(text: str) -> tuple[list[str], list[float]]:
    """Items and weights of one list of the data file; unweighted lists fall off slowly in their order."""
    words, weights = [], []
    for position, item in enumerate(text.split()):
        word, _, weight = item.partition(":")
        words.append("" if word == "-" else word.replace("_", " "))
        weights.append(float(weight) if weight else 1.0 / (1.0 + position / 25))
    return words, weights


def draw_table(weights: list[float] | Ints | NDArray[np.float64]) -> Ints:
    """Indices repeated in proportion to their weights, `_DRAWS` long: index with `rng.integers(0, DRAWS)`."""
    ends = np.rint(np.cumsum(weights) / np.sum(weights) * _DRAWS).astype(np.int64)
    return np.searchsorted(ends, np.arange(_DRAWS), side="right")


@dataclass(frozen=True, slots=True)
class NameTables:
    """Draw tables per name group: surnames[profile, u], middles and givens[profile*8 + male*4 + cohort,
    u]."""

    surname_words: list[str]
    middle_words: list[str]
    given_words: list[str]
    surnames: Ints
    middles: Ints
    givens: Ints
    profile_of: Ints  # ethnicity index -> profile

    def surname(self, rng: np.random.Generator, ethnicity: Ints) -> Ints:
        """A surname index each."""
        return self.surnames[self.profile_of[ethnicity], rng.integers(0, _DRAWS, ethnicity.shape)]

    def choose(self, rng: np.random.Generator, ethnicity: Ints, male: Bools, year: Ints) -> tuple[Ints, Ints]:
        """Middle and given name indices for flat arrays of equal length."""
        group = self.profile_of[ethnicity] * 8 + male * 4 + np.searchsorted(_COHORTS, year, side="right")
        return (
            self.middles[group, rng.integers(0, _DRAWS, len(group))],
            self.givens[group, rng.integers(0, _DRAWS, len(group))],
        )

    def compose(
        self, rng: np.random.Generator, surname: Ints, ethnicity: Ints, male: Bools, year: Ints
    ) -> list[str]:
        """A full name each for flat arrays of equal length."""
        middle, given = self.choose(rng, ethnicity, male, year)
        first, second, last = self.surname_words, self.middle_words, self.given_words
        return [
            first[s] + second[m] + last[g]
            for s, m, g in zip(surname.tolist(), middle.tolist(), given.tolist(), strict=True)
        ]


class _Words:
    def __init__(self) -> None:
        self.words: list[str] = []
        self._index: dict[str, int] = {}

    def ids(self, words: list[str]) -> Ints:
        for word in words:
            if word not in self._index:
                self._index[word] = len(self.words)
                self.words.append(word)
        return np.array([self._index[word] for word in words], dtype=np.int64)


@cache
def tables() -> NameTables:
    """The tables of data/names.json, read once."""
    source = json.loads(files("dancu.demo").joinpath("data/names.json").read_text(encoding="utf-8"))
    profiles = [name for name in source if name != "about"]
    surname, middle, given = _Words(), _Words(), _Words()
    surnames, middles, givens = [], [], []
    for profile in profiles:
        words, weights = _weighted(source[profile]["surnames"])
        surnames.append(surname.ids([w and w + " " for w in words])[draw_table(weights)])
        for sex in "fm":
            for cohort in range(4):
                words, weights = _weighted(source[profile]["middle"][f"{sex}{cohort}"])
                middles.append(middle.ids([w and w + " " for w in words])[draw_table(weights)])
                words, weights = _weighted(source[profile]["given"][f"{sex}{cohort}"])
                givens.append(given.ids(words)[draw_table(weights)])
    profile_of = np.array([profiles.index(_NAMED_LIKE.get(e, e)) for e in ETHNICITIES], dtype=np.int64)
    return NameTables(
        surname.words, middle.words, given.words,
        np.stack(surnames), np.stack(middles), np.stack(givens), profile_of,
    )  # fmt: skip
