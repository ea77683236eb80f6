"""When units change, everyone's areas and search terms are worked out again, so that the office of today sees
them. A person in a commune that was split is seen by every heir until somebody places them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.population.matching import search_terms
from dancu.population.service.derive import areas_of
from dancu.population.store import areas as store

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Progress:
    """`after`: the last key done; give it back to go on after a stop. `more`: there are persons left."""

    after: int
    looked: int
    changed: int
    more: bool


async def recompute_areas(conn: Conn, as_of: date | None = None, *, after: int = 0, batch: int = BATCH) -> Progress:
    """One batch (role worker), to be committed by the caller, who keeps `after`. Doing a batch twice changes
    nothing; a person changed by a verb meanwhile is left to that verb."""
    today = as_of or SYSTEM_CLOCK.today()
    placed = await store.next_batch(conn, after, batch, today)
    changed = 0
    for one in placed:
        areas = areas_of(one.view, today)
        if areas == one.view.areas:
            continue
        terms = None
        if one.name_ascii is not None:
            terms = search_terms(one.name_ascii, one.birth_year, areas)
        changed += await store.set_areas(conn, one.view, areas, terms)
    last = placed[-1].view.person_key if placed else after
    return Progress(last, len(placed), changed, len(placed) == batch)


async def recompute_everyone(conn: Conn, as_of: date | None = None, *, after: int = 0) -> int:
    """All persons after key `after`, each batch in a transaction of its own (`conn` in autocommit). Stopped
    midway and begun again it reads the rest again and writes only what still differs. Returns how many
    changed."""
    changed = 0
    while True:
        async with conn.transaction():
            step = await recompute_areas(conn, as_of, after=after)
        changed += step.changed
        after = step.after
        if not step.more:
            return changed
