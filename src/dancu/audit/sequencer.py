"""The sequencer: gives waiting entries their place in the log and signs the new tree head.

One transaction a batch: delete from pending, number, commit to, hash, tile, sign. Killed at any moment nothing is
lost and nothing doubled. Any number may run; an advisory lock lets one work.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable

from dancu.audit import entry, merkle, note, tiles
from dancu.audit.store import sequence as store
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn

BATCH = 5000
_SLICE = 500  # leaves hashed before the event loop gets its turn
_BUSY = 0.1  # pause after a batch that was not full: gather some entries
_IDLE = 0.25  # pause after an empty look
_BEAT = 10.0  # idle seconds after which we still say that we are alive


async def sequence_once(
    conn: Conn,
    signer: note.Signer,
    *,
    batch: int = BATCH,
    low: int = 0,
    on_checkpoint: Callable[[note.Checkpoint], None] | None = None,
) -> int:
    """Sequence up to `batch` entries in a transaction of their own; returns how many (0: nothing waits, or another
    sequencer works). `low`: bulk entries below this id need not be looked for. Raises Conflict where the stored tiles
    contradict the last checkpoint: somebody changed the log, nothing more is appended to it."""
    taken, _ = await _sequence(conn, signer, batch, low, on_checkpoint)
    return taken


async def _sequence(
    conn: Conn, signer: note.Signer, batch: int, low: int, on_checkpoint: Callable[[note.Checkpoint], None] | None
) -> tuple[int, int]:
    checkpoint = None
    async with conn.transaction():
        if not await store.lock(conn):
            return 0, 0
        size, writer = await _open_tree(conn, signer)
        rows = await store.take(conn, size, batch, low, os.urandom(entry.SALT_SIZE * batch))
        last = rows[-1][0] if rows else 0
        if rows:
            leaves: list[bytes] = []
            for start in range(0, len(rows), _SLICE):
                leaves += map(entry.make_leaf, rows[start : start + _SLICE])
                await asyncio.sleep(0)
            await store.add_leaves(conn, size, leaves)
            writer.extend(map(merkle.leaf_hash, leaves))
            if await store.put_tiles(conn, writer.touched) != len(writer.touched):
                raise _broken(size)
            checkpoint = note.sign_checkpoint(signer, writer.size, writer.root())
            await store.put_checkpoint(conn, checkpoint)
        if len(rows) < batch or last >= store.FIRST_BULK_ID:
            await store.caught_up(conn)
    if checkpoint and on_checkpoint:
        on_checkpoint(checkpoint)
    return len(rows), last


async def _open_tree(conn: Conn, signer: note.Signer) -> tuple[int, tiles.TileWriter]:
    """The tree as it stands: its size and a writer on its right edge, checked against the last checkpoint."""
    held = await store.head(conn)
    if held is None:
        await store.put_checkpoint(conn, note.sign_checkpoint(signer, 0, merkle.EMPTY_ROOT))
        return 0, tiles.TileWriter(0, {})
    size, root = held
    try:
        writer = tiles.TileWriter(size, await store.tiles(conn, tiles.edge(size)))
    except KeyError as error:
        raise _broken(size) from error
    if writer.root() != root:
        raise _broken(size)
    return size, writer


def _broken(size: int) -> Conflict:
    return Conflict(
        "audit.log_altered",
        "Nhật ký bằng chứng đã bị sửa ngoài hệ thống (kích thước {size}). Hãy chạy `dancu audit verify`.",
        size=size,
    )


async def drain(
    conn: Conn,
    signer: note.Signer,
    *,
    batch: int = BATCH,
    on_checkpoint: Callable[[note.Checkpoint], None] | None = None,
) -> int:
    """Sequence everything that waits; returns how many entries. Between full batches the walk goes on where it
    stood, so that it does not step over the rows it has just deleted; the last batch starts from the beginning."""
    total, low = 0, 0
    while True:
        taken, last = await _sequence(conn, signer, batch, low, on_checkpoint)
        total += taken
        if taken == batch:
            low = last + 1
        elif low:
            low = 0
        else:
            return total
