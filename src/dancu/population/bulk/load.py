"""Loading many new persons: chunks are built in a thread while PostgreSQL takes in the chunk before; each
chunk, with its evidence and its events, is one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.population import models as m
from dancu.population.bulk import store
from dancu.population.bulk.build import COLUMNS, Areas, Builder, Chunk
from dancu.population.bulk.collector import patient_collector
from dancu.population.bulk.stock import Stock
from dancu.territory.service import gazetteer

CHUNK = 5_000

Draft = m.PersonDraft | m.HouseholdFact


@dataclass(slots=True)
class BulkResult:
    """What was written. `entries`: the blocks of evidence entry ids, in which nobody else has one."""

    persons: int = 0
    households: int = 0
    facts: int = 0
    entries: list[range] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Persons a second."""
        return self.persons / self.seconds if self.seconds else 0.0


class Reserved(Sequence[int]):
    """Keys reserved in blocks, as one sequence."""

    def __init__(self, blocks: Sequence[range], count: int) -> None:
        self._blocks, self._count = blocks, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:  # type: ignore[override]
        if not 0 <= index < self._count:
            raise IndexError(index)
        block, place = divmod(index, store.PERSON_BLOCK)
        return self._blocks[block][place]


async def reserve(conn: Conn, *, persons: int = 0, households: int = 0) -> tuple[Reserved, Reserved]:
    """Keys for drafts that name each other (kin, households), taken before the drafts are made. Keys not
    used are gone, which harms nothing."""
    return (
        Reserved(await store.person_blocks(conn, persons), persons),
        Reserved(await store.household_blocks(conn, households), households),
    )


async def load(
    conn: Conn,
    drafts: Iterable[Draft],
    *,
    actor: Actor,
    purpose: Purpose,
    verb: str = "bulk",
    reference: str = "",
    chunk: int = CHUNK,
    areas: Areas | None = None,
    helpers: Sequence[Conn] = (),
    sequencer: bool = False,
    progress: Callable[[int], None] = lambda persons: None,
) -> BulkResult:
    """Write new persons and versions of new households, in the order given; persons must be valid and
    unknown to the registry (a number that exists already is refused by the database and fails its whole
    chunk).

    `conn` and `helpers` are connections as role `import`, outside a transaction; with helpers chunks are
    written on all of them at once, and their order of commit is not the order of the drafts. `drafts` is
    consumed in a thread. A HouseholdFact comes before its head's draft, or within the same chunk it is
    witnessed by an entry of its own. `progress` is called with the number of persons committed so far.
    Memory: two chunks a connection.
    """
    for own in (conn, *helpers):
        if own.info.transaction_status.name != "IDLE":
            raise RuntimeError("bulk.load commits by itself: give it connections outside a transaction")
    started = time.perf_counter()
    result = BulkResult()
    source = iter(drafts)
    turn = asyncio.Lock()

    async def lane(own: Conn) -> None:
        stock = Stock()
        builder = Builder(actor, purpose, verb=verb, areas=areas or areas_today(), reference=reference)
        writing: asyncio.Task[None] | None = None
        try:
            while True:
                async with turn:
                    persons, households = await asyncio.to_thread(_take, source, chunk)
                if not persons and not households:
                    break
                need = _needs(persons, households)
                if not stock.holds(*need):
                    if writing is not None:
                        await writing
                    async with own.transaction():
                        await stock.ensure(own, persons=need[0], facts=need[1], entries=need[2])
                keys = stock.persons.take(need[0]), stock.facts.take(need[1]), stock.entries.take(need[2])
                ready = await asyncio.to_thread(builder.build, persons, households, *keys, stock.now())
                if writing is not None:
                    await writing
                writing = asyncio.create_task(_write(own, ready, stock, need, result, progress, sequencer))
        finally:
            if writing is not None:
                await writing
            result.entries.extend(stock.entry_blocks)

    with patient_collector():
        await asyncio.gather(*(lane(c) for c in (conn, *helpers)))
    result.seconds = time.perf_counter() - started
    return result


def _take(source: Iterator[Draft], count: int) -> tuple[list[m.PersonDraft], list[m.HouseholdFact]]:
    persons: list[m.PersonDraft] = []
    households: list[m.HouseholdFact] = []
    for draft in source:
        if isinstance(draft, m.HouseholdFact):
            households.append(draft)
            continue
        persons.append(draft)
        if len(persons) == count:
            break
    return persons, households


def _needs(persons: Sequence[m.PersonDraft], households: Sequence[m.HouseholdFact]) -> tuple[int, int, int]:
    """Keys a chunk may use: of persons, facts, entries."""
    return (
        sum(1 for draft in persons if draft.person_key is None),
        sum(len(draft.facts()) for draft in persons) + len(households),
        len(persons) + len(households),
    )


def _spare(count: int) -> int:
    return count + count // 4 if count else 0


async def _write(
    conn: Conn, chunk: Chunk, stock: Stock, need: tuple[int, int, int], result: BulkResult,
    progress: Callable[[int], None], sequencer: bool,
) -> None:  # fmt: skip
    async with conn.transaction():
        if sequencer:
            await store.assert_evidence_moves(conn)
        # For the chunk that is being built meanwhile. With some to spare: one that needed a few keys more than this one
        # would have to wait until it is written.
        await stock.fill(conn, persons=_spare(need[0]), facts=_spare(need[1]), entries=_spare(need[2]))
        await write_chunk(conn, chunk)
    result.persons += chunk.persons
    result.households += chunk.households
    result.facts += chunk.facts
    progress(result.persons)


async def write_chunk(conn: Conn, chunk: Chunk) -> None:
    """COPY one chunk in the transaction of the caller."""
    for table, columns in COLUMNS.items():
        await store.copy(conn, table, columns, chunk.data(table))
        chunk.blocks[table].clear()


def areas_today() -> Areas:
    """Territory's areas of a unit, as of today in Vietnam, remembered."""
    places, today = gazetteer(), SYSTEM_CLOCK.today()
    known: dict[int, tuple[int, ...]] = {}

    def areas(unit_id: int) -> tuple[int, ...]:
        found = known.get(unit_id)
        if found is None:
            found = known[unit_id] = tuple(places.areas(unit_id, today))
        return found

    return areas
