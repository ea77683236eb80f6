"""SQL of what is published: checkpoints, tiles, leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from dancu.audit.note import Checkpoint
from dancu.audit.tiles import Key
from dancu.kit.db import Conn


async def head(conn: Conn) -> Checkpoint | None:
    """The newest checkpoint; None before the first."""
    cursor = await conn.execute("SELECT size, root, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
    row = await cursor.fetchone()
    return _checkpoint(row)


async def first(conn: Conn) -> Checkpoint | None:
    """The checkpoint the log began with; None before it began."""
    cursor = await conn.execute("SELECT size, root, note FROM audit.checkpoint ORDER BY size LIMIT 1")
    return _checkpoint(await cursor.fetchone())


async def has_begun(conn: Conn) -> bool:
    """Has anything ever been signed or given its place?"""
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM audit.checkpoint) OR EXISTS (SELECT FROM audit.leaf)")
    row = await cursor.fetchone()
    return bool(row and row[0])


def _checkpoint(row: tuple[int, bytes, str] | None) -> Checkpoint | None:
    return Checkpoint(row[2].split("\n", 1)[0], row[0], bytes(row[1]), row[2]) if row else None


async def tiles(conn: Conn, keys: Iterable[Key]) -> dict[Key, bytes]:
    """Contents of the tiles asked for, as far as they exist."""
    wanted = list(keys)
    cursor = conn.cursor(binary=True)
    await cursor.execute(
        "SELECT level, n, hashes FROM unnest(%s::smallint[], %s::bigint[]) AS w (level, n) JOIN audit.tile USING (level, n)",
        ([k[0] for k in wanted], [k[1] for k in wanted]),
    )
    return {(row[0], row[1]): row[2] async for row in cursor}


async def leaves(conn: Conn, first: int, count: int) -> list[bytes]:
    """Leaves [first, first + count) in order, as far as they exist."""
    cursor = conn.cursor(binary=True)
    await cursor.execute(
        "SELECT leaf FROM audit.leaf WHERE idx >= %s::bigint AND idx < %s::bigint ORDER BY idx",
        (first, first + count),
    )
    return [row[0] for row in await cursor.fetchall()]


async def all_leaves(conn: Conn, size: int, *, fetch: int = 5000) -> AsyncIterator[bytes]:
    """Leaves 0 … size-1 through a server-side cursor."""
    async with conn.cursor(name="audit_leaves", binary=True) as cursor:
        cursor.itersize = fetch
        await cursor.execute("SELECT leaf FROM audit.leaf WHERE idx < %s::bigint ORDER BY idx", (size,))
        async for row in cursor:
            yield row[0]


async def all_tiles(conn: Conn, *, fetch: int = 200) -> AsyncIterator[tuple[Key, bytes]]:
    """Every tile, by level and number."""
    async with conn.cursor(name="audit_tiles", binary=True) as cursor:
        cursor.itersize = fetch
        await cursor.execute("SELECT level, n, hashes FROM audit.tile ORDER BY level, n")
        async for row in cursor:
            yield (row[0], row[1]), row[2]


async def silent_seconds(conn: Conn) -> float:
    """Seconds since the sequencer last said that it had caught up; infinite when it never did."""
    cursor = await conn.execute(
        "SELECT CASE WHEN isfinite(caught_up_at) THEN extract(epoch FROM clock_timestamp() - caught_up_at)"
        " ELSE 'Infinity' END::float8 FROM audit.sequencer"
    )
    row = await cursor.fetchone()
    return float(row[0]) if row else float("inf")


async def sequencing(conn: Conn) -> tuple[int, float | None, float | None, float | None]:
    """Entries sequenced; seconds the oldest waiting one waits, since the last checkpoint, since the sequencer last
    caught up (each None where there is none)."""
    cursor = await conn.execute("SELECT sequenced, oldest_waiting, checkpoint_age, silent FROM audit.sequencing()")
    row = await cursor.fetchone()
    return (row[0], row[1], row[2], row[3]) if row else (0, None, None, None)
