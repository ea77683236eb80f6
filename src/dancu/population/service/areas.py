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
RUN = "recompute_areas"


@dataclass(frozen=True, slots=True)
class Progress:
    """`after`: the last key done; give it back to go on after a stop. `more`: there are persons left."""

    after: int
    looked: int
    changed: int
    more: bool


async def areas_kept(conn: Conn, key: int) -> list[int] | None:
    """The units whose desks a person belongs to (role worker, for news that is sent to a desk); None where there is no such
    person."""
    return await store.kept(conn, key)


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


async def recompute_everyone(conn: Conn, as_of: date | None = None, *, batch: int = BATCH) -> int:
    """All persons, each batch in a transaction of its own together with how far it got (`conn` in autocommit). Killed
    and begun again it goes on where it was; a run that began on an earlier day is brought to its end and followed by
    one of today. One at a time: a second gives up at once. Returns how many changed, over all parts of the run."""
    today = as_of or SYSTEM_CLOCK.today()
    if not await store.take_turn(conn, RUN):
        return 0
    try:
        changed = 0
        run = await store.run_of(conn, RUN)
        if run is not None:
            changed = await _go_on(conn, run, today, batch)
        if run is None or run.as_of < today:
            changed += await _go_on(conn, store.Run(0, 0, today), today, batch)
        return changed
    finally:
        await store.give_turn_back(conn, RUN)


async def unfinished(conn: Conn) -> bool:
    """Was a run stopped before its end?"""
    return await store.run_of(conn, RUN) is not None


async def _go_on(conn: Conn, run: store.Run, today: date, batch: int) -> int:
    while True:
        async with conn.transaction():
            step = await recompute_areas(conn, today, after=run.after, batch=batch)
            run = store.Run(step.after, run.changed + step.changed, run.as_of)
            if step.more:
                await store.note_run(conn, RUN, run)
            else:
                await store.end_run(conn, RUN)
                return run.changed
