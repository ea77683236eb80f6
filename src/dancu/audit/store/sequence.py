"""SQL of the sequencer: takes waiting entries, gives them their place, writes the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dancu.audit.entry import COLUMNS, SALT_SIZE
from dancu.audit.note import Checkpoint
from dancu.audit.tiles import Key
from dancu.kit.db import Conn

_LOCK = (1096107348, 2)  # "AUDT": one sequencer at a time
FIRST_BULK_ID = 1 << 40  # entry ids of bulk writers begin here (migration 0003)

_COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END = b"\xff\xff"

# One statement moves a batch. By ctid, so that the delete needs no second walk of the index. Ids only decide who is
# served first (people before files): a batch takes what is visible, so an id that commits late is taken later.
_TAKE = f"""
    WITH gone AS (
        DELETE FROM audit.pending WHERE ctid = ANY (ARRAY(
            (SELECT ctid FROM audit.pending WHERE entry_id < {FIRST_BULK_ID} ORDER BY entry_id LIMIT %(batch)s)
            UNION ALL
            (SELECT ctid FROM audit.pending WHERE entry_id >= greatest(%(low)s::bigint, {FIRST_BULK_ID})
             ORDER BY entry_id LIMIT %(batch)s)
            LIMIT %(batch)s))
        RETURNING *
    ), numbered AS (
        SELECT g.*,
               row_number() OVER (ORDER BY g.entry_id) AS place,
               row_number() OVER (PARTITION BY g.subject ORDER BY g.entry_id)
                 + coalesce((SELECT c.subject_seq FROM audit.content c WHERE c.subject = g.subject
                             ORDER BY c.subject_seq DESC LIMIT 1), 0) AS nth
        FROM gone g
    )
    INSERT INTO audit.content (idx, entry_id, at, action, org_code, subject, subject_seq, actor_kind, actor_id,
                               purpose, legal_basis, case_ref, fields, request_id, channel, facts, note, salt)
    SELECT %(size)s::bigint + place - 1, entry_id, at, action, org_code, subject,
           CASE WHEN subject IS NOT NULL THEN nth END, actor_kind, actor_id, purpose, legal_basis, case_ref, fields,
           request_id, channel, facts, note,
           substr(%(salts)s::bytea, ({SALT_SIZE} * (place - 1) + 1)::int, {SALT_SIZE})
    FROM numbered ORDER BY place
    RETURNING {", ".join(COLUMNS)}
"""


async def connect(dsn: str) -> Conn:
    """A connection whose every statement commits by itself unless in a transaction."""
    import psycopg

    return await psycopg.AsyncConnection.connect(dsn, autocommit=True)


async def lock(conn: Conn) -> bool:
    """Be the only sequencer until the transaction ends; False where another one is."""
    row = await (await conn.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _LOCK)).fetchone()
    return bool(row and row[0])


async def has_pending(conn: Conn) -> bool:
    # By the index: a queue's heap begins with the pages of rows long gone.
    cursor = await conn.execute("SELECT entry_id FROM audit.pending ORDER BY entry_id LIMIT 1")
    return await cursor.fetchone() is not None


async def take(conn: Conn, size: int, batch: int, low: int, salts: bytes) -> list[tuple[Any, ...]]:
    """Move up to `batch` entries from pending to content, at `size` and on; returns them in order."""
    cursor = conn.cursor(binary=True)
    await cursor.execute(_TAKE, {"low": low, "batch": batch, "size": size, "salts": salts})
    return await cursor.fetchall()


async def add_leaves(conn: Conn, size: int, leaves: Sequence[bytes]) -> None:
    """COPY leaves to `size` and on. The binary rows are put together here in one buffer: a call for each row costs
    five times as much."""
    row = b"\x00\x02\x00\x00\x00\x08%b%b%b"
    rows = [
        row % (idx.to_bytes(8, "big"), len(leaf).to_bytes(4, "big"), leaf) for idx, leaf in enumerate(leaves, size)
    ]
    async with (
        conn.cursor() as cursor,
        cursor.copy("COPY audit.leaf (idx, leaf) FROM STDIN (FORMAT binary)") as copy,
    ):
        await copy.write(_COPY_HEAD + b"".join(rows) + _COPY_END)


async def put_tiles(conn: Conn, touched: dict[Key, bytes]) -> int:
    """Write tiles; an existing one may only grow. Returns how many were written: fewer than given means that the
    stored hashes are not a prefix of ours."""
    cursor = await conn.execute(
        """
        INSERT INTO audit.tile (level, n, hashes)
        SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
        ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes
        WHERE substr(excluded.hashes, 1, length(tile.hashes)) = tile.hashes
        """,
        ([k[0] for k in touched], [k[1] for k in touched], list(touched.values())),
    )
    return cursor.rowcount


async def put_checkpoint(conn: Conn, checkpoint: Checkpoint) -> None:
    """Add a checkpoint. The one before it goes if it is of the same minute: heads are needed to be remembered, and
    one a minute is enough of them."""
    await conn.execute(
        """
        WITH latest AS (SELECT size, at FROM audit.checkpoint ORDER BY size DESC LIMIT 1)
        DELETE FROM audit.checkpoint c USING latest
        WHERE c.size = latest.size AND date_trunc('minute', latest.at) = date_trunc('minute', clock_timestamp())
          AND latest.size > 0
        """
    )
    await conn.execute(
        "INSERT INTO audit.checkpoint (size, root, note) VALUES (%s, %s, %s)",
        (checkpoint.size, checkpoint.root, checkpoint.note),
    )


async def caught_up(conn: Conn) -> None:
    """Say that every entry of a person's request that was there when this transaction began has its place."""
    await conn.execute("UPDATE audit.sequencer SET caught_up_at = now() WHERE caught_up_at < now()")


async def ended(conn: Conn, silent: float) -> None:
    """Say that nobody sequences from now on: the last word is `silent` seconds old at least. What it says stays true,
    only of an earlier moment; another sequencer at work says its own within seconds."""
    await conn.execute(
        "UPDATE audit.sequencer SET caught_up_at = clock_timestamp() - make_interval(secs => %(silent)s)"
        " WHERE caught_up_at > clock_timestamp() - make_interval(secs => %(silent)s)",
        {"silent": silent},
    )


async def waiting(conn: Conn, first: int, end: int) -> int:
    """How many evidence entries from `first` to before `end` wait to be sequenced. (Role verify.)"""
    row = await (
        await conn.execute(
            "SELECT count(*) FROM audit.pending WHERE entry_id >= %s::bigint AND entry_id < %s::bigint", (first, end)
        )
    ).fetchone()
    return int(row[0]) if row else 0


async def sequencer_alive(conn: Conn, seconds: float) -> bool:
    """Has anybody sequenced within so many seconds? (Role verify.)"""
    row = await (
        await conn.execute(
            "SELECT caught_up_at > clock_timestamp() - make_interval(secs => %s) FROM audit.sequencer", (seconds,)
        )
    ).fetchone()
    return bool(row and row[0])
