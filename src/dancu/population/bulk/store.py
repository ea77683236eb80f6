"""SQL of bulk writing: blocks of keys, COPY."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dancu.kit.db import Conn

PERSON_BLOCK = 1_000  # INCREMENT of population.person_block_seq and household_block_seq (migration 0008)
FACT_BLOCK = 10_000  # INCREMENT of population.fact_block_seq


async def person_blocks(conn: Conn, count: int) -> list[range]:
    """Blocks of person keys, together at least `count` keys."""
    return await _blocks(conn, "person_block_seq", PERSON_BLOCK, count)


async def household_blocks(conn: Conn, count: int) -> list[range]:
    """Blocks of household keys, together at least `count` keys."""
    return await _blocks(conn, "household_block_seq", PERSON_BLOCK, count)


async def fact_blocks(conn: Conn, count: int) -> list[range]:
    """Blocks of fact ids, together at least `count` ids."""
    return await _blocks(conn, "fact_block_seq", FACT_BLOCK, count)


async def _blocks(conn: Conn, sequence: str, size: int, count: int) -> list[range]:
    if count <= 0:
        return []
    cursor = await conn.execute(
        f"SELECT nextval('population.{sequence}') FROM generate_series(1, %s)", (-(-count // size),)
    )
    return [range(first, first + size) for (first,) in await cursor.fetchall()]


async def entry_block(conn: Conn, count: int) -> range:
    """`count` ids of evidence entries."""
    row = await (await conn.execute("SELECT audit.take_entry_ids(%s::bigint)", (count,))).fetchone()
    if row is None:
        raise RuntimeError("audit.take_entry_ids answered nothing")
    return range(row[0], row[0] + count)


async def now(conn: Conn) -> datetime:
    """The database's clock: recorded time is the registry's, not this machine's."""
    row = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
    if row is None:
        raise RuntimeError("no clock")
    at: datetime = row[0]
    return at


async def assert_evidence_moves(conn: Conn) -> None:
    """Raises (SQLSTATE DA001) where the evidence log has not been sequenced for a minute."""
    await conn.execute("SELECT audit.assert_alive()")


async def copy(conn: Conn, table: str, columns: Sequence[str], data: bytes) -> None:
    """COPY one block of text rows."""
    if data:
        async with (
            conn.cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as into,
        ):
            await into.write(data)


async def nobody_registered(conn: Conn) -> bool:
    row = await (await conn.execute("SELECT NOT EXISTS (SELECT FROM population.person)")).fetchone()
    return bool(row and row[0])


async def take_overlap_constraints(conn: Conn) -> dict[str, list[str]]:
    """Drop the registry's exclusion constraints, and let new words of search wait; table -> what adds the constraints again, the
    largest tables first."""
    taken: dict[str, list[str]] = {}
    async with conn.transaction():
        await conn.execute("SET LOCAL ROLE dancu_owner")
        await conn.execute("ALTER INDEX population.person_search_terms SET (fastupdate = on)")
        cursor = await conn.execute(
            "SELECT conrelid::regclass::text, format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), format('%I', conname)"
            " FROM pg_constraint WHERE contype = 'x' AND connamespace = 'population'::regnamespace"
            # Those with most rows in a population come first, so that two connections end at the same time.
            " ORDER BY array_position('{population.kinship,population.marital,population.person_name}'::text[], conrelid::regclass::text), 1"
        )
        for table, constraint, name in await cursor.fetchall():
            taken.setdefault(table, []).append(constraint)
            await conn.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return taken


async def add_constraints(conn: Conn, table: str, constraints: Sequence[str]) -> None:
    async with conn.transaction():
        await conn.execute("SET LOCAL ROLE dancu_owner")
        await conn.execute("SET LOCAL maintenance_work_mem = '256MB'")
        await conn.execute(f"ALTER TABLE {table} " + ", ".join(f"ADD {one}" for one in constraints))


async def order_search_words(conn: Conn) -> None:
    """Take in the words that wait; none waits from now on."""
    async with conn.transaction():
        await conn.execute("SET LOCAL ROLE dancu_owner")
        await conn.execute("ALTER INDEX population.person_search_terms SET (fastupdate = off)")
        await conn.execute("SET LOCAL maintenance_work_mem = '256MB'")
        await conn.execute("SELECT gin_clean_pending_list('population.person_search_terms')")
