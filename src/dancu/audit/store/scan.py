"""SQL of verification: everything in order, through server-side cursors, so that memory does not grow with the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from dancu.audit.entry import COLUMNS
from dancu.kit.db import Conn

_FETCH = 4000


async def begin(conn: Conn) -> None:
    """Must be the first statement of a transaction: all that follows sees one moment."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    await conn.execute("SET LOCAL datestyle = 'ISO, YMD'")


async def _stream(conn: Conn, name: str, query: str, params: Sequence[Any] = ()) -> AsyncIterator[list[Any]]:
    """Rows in blocks."""
    async with conn.cursor(name=name, binary=True) as cursor:
        await cursor.execute(query, params)
        while rows := await cursor.fetchmany(_FETCH):
            yield rows


def leaves(conn: Conn) -> AsyncIterator[list[Any]]:
    """(idx, leaf) by idx."""
    return _stream(conn, "audit_leaf", "SELECT idx, leaf FROM audit.leaf ORDER BY idx")


def contents(conn: Conn) -> AsyncIterator[list[Any]]:
    """(idx, erased_by, COLUMNS…) by idx."""
    return _stream(
        conn, "audit_content", f"SELECT idx, erased_by, {', '.join(COLUMNS)} FROM audit.content ORDER BY idx"
    )


def checkpoints(conn: Conn) -> AsyncIterator[list[Any]]:
    """(size, root, note) by size."""
    return _stream(conn, "audit_checkpoint", "SELECT size, root, note FROM audit.checkpoint ORDER BY size")


def gaps(conn: Conn) -> AsyncIterator[list[Any]]:
    """(subject, entries held, highest number) of every citizen whose numbers are not 1 … n."""
    return _stream(
        conn,
        "audit_gaps",
        """
        SELECT subject, count(*), max(subject_seq) FROM audit.content WHERE subject IS NOT NULL
        GROUP BY subject HAVING count(*) <> max(subject_seq) OR min(subject_seq) <> 1 ORDER BY subject
        """,
    )


async def tile_counts(conn: Conn) -> dict[int, tuple[int, int]]:
    """Per level: how many tiles, and the highest number."""
    cursor = await conn.execute("SELECT level, count(*), max(n) FROM audit.tile GROUP BY level")
    return {row[0]: (row[1], row[2]) async for row in cursor}


async def waiting(conn: Conn) -> tuple[int, float]:
    """How many entries wait, and for how many seconds the oldest does."""
    cursor = await conn.execute(
        "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8 FROM audit.pending"
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else (0, 0.0)


async def replayed(conn: Conn) -> list[int]:
    """Entry ids that wait although they are in the log already."""
    cursor = await conn.execute(
        "SELECT p.entry_id FROM audit.pending p JOIN audit.content c USING (entry_id) ORDER BY 1 LIMIT 100"
    )
    return [row[0] async for row in cursor]


async def pending_erasures(conn: Conn) -> list[tuple[Any, ...]]:
    """(entry_id, subject, legal_basis, note) of erasures that wait."""
    cursor = await conn.execute(
        "SELECT entry_id, subject, legal_basis, note FROM audit.pending WHERE action = 'erase'"
    )
    return await cursor.fetchall()


def digests(conn: Conn) -> AsyncIterator[list[Any]]:
    """(entry_id, facts) of every entry, sequenced or waiting, by entry id; of an erased one the digest that its
    erasure kept."""
    return _stream(
        conn,
        "audit_digests",
        """
        SELECT c.entry_id, CASE WHEN c.erased_by IS NULL THEN c.facts ELSE (
                   SELECT decode(e.note ->> 'erased_facts', 'hex')
                   FROM (SELECT entry_id, note FROM audit.content UNION ALL SELECT entry_id, note FROM audit.pending) e
                   WHERE e.entry_id = c.erased_by) END
        FROM audit.content c
        UNION ALL
        SELECT p.entry_id, p.facts FROM audit.pending p
        ORDER BY 1
        """,
    )


async def unwritten(conn: Conn, subjects: Sequence[int], moments: Sequence[Any]) -> list[int]:
    """Of these persons the ones of whom nothing was written about the given moment, sequenced or waiting. An entry is
    stamped a little after the moment its facts share; a load takes some minutes over a block."""
    cursor = await conn.execute(
        """
        SELECT s.subject FROM unnest(%s::bigint[], %s::timestamptz[]) AS s (subject, moment)
        WHERE NOT EXISTS (
            SELECT FROM audit.content c WHERE c.subject = s.subject AND c.action = 'write'
              AND c.at BETWEEN s.moment - interval '1 second' AND s.moment + interval '15 minutes')
          AND NOT EXISTS (
            SELECT FROM audit.pending p WHERE p.subject = s.subject AND p.action = 'write'
              AND p.at BETWEEN s.moment - interval '1 second' AND s.moment + interval '15 minutes')
        """,
        (list(subjects), list(moments)),
    )
    return [row[0] for row in await cursor.fetchall()]


async def verbs(conn: Conn, entry_ids: Sequence[int]) -> dict[int, tuple[int | None, str | None]]:
    """Subject and verb of these entries, as far as they exist; the verb is None where the content was erased."""
    cursor = await conn.execute(
        """
        SELECT entry_id, subject, note ->> 'verb' FROM audit.content WHERE entry_id = ANY (%(ids)s::bigint[])
        UNION ALL
        SELECT entry_id, subject, note ->> 'verb' FROM audit.pending WHERE entry_id = ANY (%(ids)s::bigint[])
        """,
        {"ids": list(entry_ids)},
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}
