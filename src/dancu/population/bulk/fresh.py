"""Filling a registry that is empty: what no two facts of one person may do at once is then checked table by table after
the load, which takes half the work of checking it row by row; the words of search are put in order in large steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.population.bulk import store


@asynccontextmanager
async def checked_afterwards(conns: Sequence[Conn]) -> AsyncIterator[None]:
    """Without the constraints on overlapping periods inside; all of them hold again afterwards, also after an error.

    Only for a load whose database is thrown away where it is interrupted: a process killed inside leaves them missing. `conns`: connections as role `admin` that commit by themselves, each a core of the database.
    Raises Conflict where the registry holds people.
    """
    first = conns[0]
    if not await store.nobody_registered(first):
        raise Conflict("bulk.not_empty", "Sổ đăng ký đã có người: chỉ nạp cách này vào cơ sở dữ liệu mới.")
    tables = await store.take_overlap_constraints(first)
    try:
        yield
    finally:
        waiting = iter(tables.items())  # shared: whoever is free takes the next table
        await asyncio.gather(*(_restore(conn, waiting) for conn in conns))
        await store.order_search_words(first)


async def _restore(conn: Conn, waiting: Iterator[tuple[str, list[str]]]) -> None:
    for table, constraints in waiting:
        await store.add_constraints(conn, table, constraints)
