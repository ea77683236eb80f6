"""The people messy files speak of: a province of their own, whose numbers nobody else has."""

from __future__ import annotations

from collections.abc import Iterator

from dancu.demo.people import generate
from dancu.demo.records import NO_FLAWS, DemoHousehold

SERIES = 1
_WITHOUT_END = 15_000_000


def province(seed: int) -> Iterator[DemoHousehold]:
    """Households of a seed, the same in every kind of file; a stream to take the first of."""
    return generate(_WITHOUT_END, seed, flaws=NO_FLAWS, series=SERIES, personas=False)
