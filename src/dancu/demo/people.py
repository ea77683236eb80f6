"""The people of the synthetic province: households first, thousands drawn at once, handed out one by one.

`generate` streams: its memory does not grow with the number of people, and the same seed gives the same
people whatever the number asked for (a larger province begins with the smaller one, but for the last chunk of
at most 4,096 households).
What a household and a person hold is said in `records`; the well-known demonstration people in `personas`
always come first.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import numpy as np

from dancu.demo import chunks
from dancu.demo.personas import persona_households
from dancu.demo.places import places
from dancu.demo.records import DemoHousehold, FlawRates

AS_OF = date(2023, 4, 15)
_HOUSEHOLDS = 4096  # drawn at once: large enough for numpy to pay, a few MB


def generate(
    people: int,
    seed: int,
    as_of: date = AS_OF,
    flaws: FlawRates | None = None,
    series: int = 0,
    personas: bool = True,
) -> Iterator[DemoHousehold]:
    """Households with exactly `people` persons in all (at least the personas), as registered on the day
    `as_of`.

    `flaws` are the rates of records spoiled on purpose (default: `FlawRates()`); the personas are never
    spoiled. People of different `series` (0..4) share no number; a series holds about twenty million.
    """
    province = chunks.Province(places(as_of), as_of, flaws or FlawRates(), series)
    for household in persona_households(province.places, as_of) if personas else ():
        province.people += len(household.members)
        province.households += 1
        yield household
    number = 0
    while province.people < people:
        rng = np.random.default_rng([seed, number])
        left = people - province.people
        with _no_collections():
            drawn = chunks.draw(province, rng, _HOUSEHOLDS, left)
            if not drawn:  # fewer persons missing than the next household has
                drawn = chunks.draw(province, rng, left, left, alone=True)
        yield from drawn
        number += 1


@contextmanager
def _no_collections() -> Iterator[None]:
    """Records hold no cycles: searching the forty thousand objects of a chunk for some costs two fifths of
    the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
