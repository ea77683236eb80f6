"""What people hold and where they stay besides their residence: ID cards, telephone numbers, stays, absences.

Each function takes flat arrays (one element per person of a chunk) and returns a list with None where there
is nothing. Days are counted from 1970-01-01, as numpy does.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dancu.demo.names import Bools, Ints
from dancu.demo.numbers import Sequence
from dancu.demo.places import Places
from dancu.demo.records import DemoAbsence, DemoCard, DemoStay

Floats = NDArray[np.float64]
_YEAR = 365.2425
_CHIP_FROM = int(np.datetime64("2021-01-01").astype(int))
_PLASTIC_FROM = int(np.datetime64("2016-01-01").astype(int))
_AGES = (25, 40, 60)  # a card must be changed at these; issued in the two years before, it serves to the next
_REASONS = (
    "Đi làm ăn xa",
    "Đi học",
    "Chữa bệnh",
    "Thăm người thân ở nước ngoài",
    "Chấp hành nghĩa vụ quân sự",
)


@lru_cache(maxsize=2000)
def strip_marks(text: str) -> str:
    """ASCII letters of a word of a name, as in a mail address: no marks, đ as d, nothing but letters."""
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if c.isascii() and c.isalpha())


def dates(days: Ints) -> list[date]:
    """Day numbers to dates."""
    values: list[date] = days.astype("datetime64[D]").tolist()
    return values


def calendar(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Day numbers to year, month, day."""
    day = days.astype("datetime64[D]")
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    return (
        year.astype(np.int64) + 1970,
        (month - year).astype(np.int64) + 1,
        (day - month).astype(np.int64) + 1,
    )


def _birthday(birth: Ints, years: Ints) -> Ints:
    """The day of the n-th birthday; 29 February counts as the 28th."""
    year, month, day = calendar(birth)
    first = ((year - 1970 + years) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
    return first.astype(np.int64) + np.where((month == 2) & (day == 29), 28, day) - 1


def cards(
    rng: np.random.Generator, today: int, birth: Ints, age: Floats, alive: Bools
) -> list[DemoCard | None]:
    """A chip card for most, an older one without chip for a few, none for about one in seven from 14 on.

    The expiry follows the age at issue (25, 40, 60); `birth` must be what the card would say.
    """
    n = len(birth)
    out: list[DemoCard | None] = [None] * n
    chance = np.where(age < 15, 0.55, np.where(age > 80, 0.62, 0.885))
    holders = np.flatnonzero(alive & (age >= 14.1) & (rng.random(n) < chance))
    born = birth[holders]
    old = (rng.random(len(holders)) < 0.07) & (age[holders] > 22)
    low = np.maximum(np.where(old, _PLASTIC_FROM, _CHIP_FROM), _birthday(born, np.full(len(holders), 14)))
    high = np.where(old, _CHIP_FROM - 1, today)
    issued = low + ((high - low) * rng.random(len(holders)) ** 1.2).astype(np.int64)
    at_issue = (issued - born) / _YEAR
    next_age = np.searchsorted(np.array(_AGES) - 2, at_issue, side="right")
    limit = np.array((*_AGES, 0))[next_age]
    expires = dates(_birthday(born, limit))
    for place, on, until, years, plain in zip(
        holders.tolist(), dates(issued), expires, limit.tolist(), old.tolist(), strict=True
    ):
        out[place] = DemoCard(on, until if years else None, not plain)
    return out


def phones(rng: np.random.Generator, sequence: Sequence, adult: Bools, mountain: Bools) -> list[str | None]:
    """A number for most adults, fewer in the mountains."""
    out: list[str | None] = [None] * len(adult)
    owners = np.flatnonzero(adult & (rng.random(len(adult)) < np.where(mountain, 0.5, 0.78)))
    for place, number in zip(owners.tolist(), sequence.phones(len(owners)), strict=True):
        out[place] = number
    return out


def emails(rng: np.random.Generator, names: list[str], index: Ints, eligible: Bools) -> list[str | None]:
    """An address under .example, a domain nobody can own, for one in four."""
    out: list[str | None] = [None] * len(names)
    numbers = index.tolist()
    for place in np.flatnonzero(eligible & (rng.random(len(names)) < 0.25)).tolist():
        words = names[place].split()
        out[place] = f"{strip_marks(words[-1])}.{strip_marks(words[0])}{numbers[place]}@thu.example".lower()
    return out


def stays(rng: np.random.Generator, places: Places, today: int, eligible: Bools) -> list[DemoStay | None]:
    """Temporary residences: half in the towns and industrial zones of the province, half elsewhere."""
    out: list[DemoStay | None] = [None] * len(eligible)
    chosen = np.flatnonzero(eligible & (rng.random(len(eligible)) < 0.075))
    count = len(chosen)
    inside = rng.random(count) < 0.5
    towns = np.flatnonzero(np.isin(np.array(places.district_codes)[places.district], ("502", "507", "517")))
    commune = towns[rng.integers(0, len(towns), count)]
    hamlet = places.hamlet_start[commune] + (rng.random(count) * places.hamlet_size[commune]).astype(np.int64)
    work = places.elsewhere_work[rng.integers(0, places.elsewhere_work.shape[0], count)]
    unit = np.where(inside, places.unit_ids[commune], places.away(rng, work))
    start = today - 20 - (rng.random(count) * 700).astype(np.int64)
    rows = zip(
        chosen.tolist(), unit.tolist(), hamlet.tolist(), inside.tolist(),
        rng.integers(1, 180, count).tolist(), dates(start), dates(start + 730), strict=True,
    )  # fmt: skip
    for place, where, near, here, house, from_on, until_on in rows:
        out[place] = DemoStay(where, near if here else None, f"Phòng trọ số {house}", from_on, until_on)
    return out


def absences(rng: np.random.Generator, today: int, eligible: Bools) -> list[DemoAbsence | None]:
    """Registered absences that began in the last months."""
    out: list[DemoAbsence | None] = [None] * len(eligible)
    chosen = np.flatnonzero(eligible & (rng.random(len(eligible)) < 0.012))
    start = today - (rng.random(len(chosen)) * 300).astype(np.int64)
    until = start + 90 + (rng.random(len(chosen)) * 500).astype(np.int64)
    reason = rng.integers(0, len(_REASONS), len(chosen)).tolist()
    for place, from_on, until_on, why in zip(
        chosen.tolist(), dates(start), dates(until), reason, strict=True
    ):
        out[place] = DemoAbsence(from_on, until_on, _REASONS[why])
    return out
