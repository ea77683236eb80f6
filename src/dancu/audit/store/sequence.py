"""SQL of the sequencer: takes waiting entries, gives them their place, writes the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dancu.audit.entry import COLUMNS, SALT_SIZE
from dancu.audit.note import Checkpoint
from dancu.audit.tiles import Key
from dancu.kit import arrays
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

# The levels of 2^56 entries are enough.
_TREE = """
    SELECT c.size, c.root, c.note, t.level, t.n, t.hashes
      FROM (SELECT size, root, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1) c
      LEFT JOIN generate_series(0, 6) AS l (level) ON (c.size >> 8 * l.level) & 255 <> 0
      LEFT JOIN audit.tile t ON t.level = l.level::smallint AND t.n = c.size >> 8 * (l.level + 1)
"""

# One statement ends a round: most rounds carry a handful of entries, and each way to the database and back costs what ten of them do.
_PLACE = """
    WITH leaves AS (
        INSERT INTO audit.leaf (idx, leaf)
        SELECT %(first)s::bigint + x.n - 1, x.leaf FROM unnest(%(leaves)s::bytea[]) WITH ORDINALITY AS x (leaf, n)
    ), tiles AS (
        INSERT INTO audit.tile (level, n, hashes)
        SELECT * FROM unnest(%(levels)s::smallint[], %(ns)s::bigint[], %(hashes)s::bytea[])
        ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes
        WHERE substr(excluded.hashes, 1, length(tile.hashes)) = tile.hashes
        RETURNING level
    ), latest AS (
        SELECT size, at FROM audit.checkpoint ORDER BY size DESC LIMIT 1
    ), gone AS (
        DELETE FROM audit.checkpoint c USING latest
        WHERE c.size = latest.size AND date_trunc('minute', latest.at) = date_trunc('minute', clock_timestamp()) AND latest.size > 0
    ), signed AS (
        INSERT INTO audit.checkpoint (size, root, note) VALUES (%(size)s::bigint, %(root)s::bytea, %(note)s)
    ), said AS (
        UPDATE audit.sequencer SET caught_up_at = now() WHERE %(all)s AND caught_up_at < now()
    )
    SELECT count(*) FROM tiles
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


async def tree(conn: Conn) -> tuple[Checkpoint | None, dict[Key, bytes]]:
    """The newest checkpoint, None before the first, and the partial tiles of its tree (tiles.edge), as far as they exist."""
    cursor = conn.cursor(binary=True)
    await cursor.execute(_TREE)
    rows = await cursor.fetchall()
    if not rows:
        return None, {}
    size, root, note = rows[0][:3]
    return Checkpoint(note.split("\n", 1)[0], size, root, note), {(row[3], row[4]): row[5] for row in rows if row[5] is not None}


async def begin(conn: Conn, checkpoint: Checkpoint) -> None:
    """The first checkpoint, of the empty log."""
    await conn.execute("INSERT INTO audit.checkpoint (size, root, note) VALUES (%s, %s, %s)", (checkpoint.size, checkpoint.root, checkpoint.note))


async def place(
    conn: Conn, leaves: Sequence[bytes], touched: dict[Key, bytes], checkpoint: Checkpoint, *, all_taken: bool
) -> int:
    """Add the last `leaves` of the tree (few; many by `add_leaves`), write tiles, of which an existing one may only grow, and add the
    checkpoint; the one before it goes if it is of the same minute: heads are needed to be remembered, and one a minute is enough of them.
    `all_taken`: as `caught_up`. Returns how many tiles were written: fewer than given means that the stored hashes are not a prefix of
    ours."""
    cursor = await conn.execute(
        _PLACE,
        {
            "first": checkpoint.size - len(leaves), "leaves": arrays.blobs(leaves), "levels": arrays.numbers(k[0] for k in touched),
            "ns": arrays.numbers(k[1] for k in touched), "hashes": arrays.blobs(touched.values()),
            "size": checkpoint.size, "root": checkpoint.root, "note": checkpoint.note, "all": all_taken,
        },
    )  # fmt: skip
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


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
