"""Keys in stock: taken from the database in blocks ahead of need, so that a chunk can be built while its
connection is busy with the chunk before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain

from dancu.kit.db import Conn
from dancu.population.bulk import store


class Supply:
    """Keys of one kind, handed out in order of the blocks."""

    def __init__(self) -> None:
        self._blocks: deque[range] = deque()
        self.left = 0

    def add(self, blocks: list[range]) -> None:
        self._blocks.extend(blocks)
        self.left += sum(map(len, blocks))

    def take(self, count: int) -> Iterator[int]:
        """`count` keys, taken out of the stock now. ValueError where fewer are left."""
        if count > self.left:
            raise ValueError("more keys wanted than in stock")
        self.left -= count
        taken: list[range] = []
        while count:
            block = self._blocks.popleft()
            if len(block) > count:
                self._blocks.appendleft(block[count:])
                block = block[:count]
            taken.append(block)
            count -= len(block)
        return chain.from_iterable(taken)


class Stock:
    """Persons, households, facts and evidence entries of one writer, and the database's clock."""

    def __init__(self) -> None:
        self.persons, self.households, self.facts, self.entries = Supply(), Supply(), Supply(), Supply()
        self.entry_blocks: list[range] = []
        self._ahead = timedelta(0)

    async def ensure(
        self, conn: Conn, *, persons: int = 0, facts: int = 0, entries: int = 0, households: int = 0
    ) -> None:
        """See to it that at least so many of each are there; asks the database only where they are not, and then for
        enough to spare. As sequences, this does not roll back."""
        if not self.holds(persons, facts, entries, households):
            await self.fill(conn, persons=2 * persons, facts=2 * facts, entries=2 * entries, households=2 * households)

    def holds(self, persons: int, facts: int, entries: int, households: int = 0) -> bool:
        """Is that many of each left?"""
        return (
            self.persons.left >= persons
            and self.facts.left >= facts
            and self.entries.left >= entries
            and self.households.left >= households
        )

    async def fill(
        self, conn: Conn, *, persons: int = 0, facts: int = 0, entries: int = 0, households: int = 0
    ) -> None:
        """Take what is lacking of so many keys of each kind, and look at the database's clock."""
        before = datetime.now(UTC)
        self._ahead = await store.now(conn) - before
        self.persons.add(await store.person_blocks(conn, persons - self.persons.left))
        self.households.add(await store.household_blocks(conn, households - self.households.left))
        self.facts.add(await store.fact_blocks(conn, facts - self.facts.left))
        if (lacking := entries - self.entries.left) > 0:
            block = await store.entry_block(conn, lacking)
            self.entries.add([block])
            if self.entry_blocks and self.entry_blocks[-1].stop == block.start:
                block = range(self.entry_blocks.pop().start, block.stop)
            self.entry_blocks.append(block)

    def now(self) -> datetime:
        """The database's time, from this machine's clock and the difference measured at the last filling."""
        return datetime.now(UTC) + self._ahead
