"""The sequencer: gives waiting entries their place in the log and signs the new tree head.

One transaction a batch: delete from pending, number, commit to, hash, tile, sign. Killed at any moment nothing is
lost and nothing doubled. Any number may run; an advisory lock lets one work.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from dancu.audit import entry, merkle, note, proofs, remembered, tiles
from dancu.audit.store import publish
from dancu.audit.store import sequence as store
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn

BATCH = 10_000
_CHUNK = 2_000
_FEW = 256  # leaves that go with the rest of a round in one statement; more are copied
# Pause after a batch that was not full: a round costs 5 to 7 ms whatever it carries, so gather some entries; a record that is removed
# before it has its place leaves no trace, so never so many that the second of docs/security.md is in sight.
_BUSY = 0.5
_IDLE = 0.25  # seconds' pause after an empty look
_BEAT = 10.0  # idle seconds after which we still say that we are alive
ALIVE = 15.0  # seconds a working sequencer may be silent

OnCheckpoint = Callable[[note.Checkpoint], None]


async def sequence_once(
    conn: Conn, signer: note.Signer, *, batch: int = BATCH, on_checkpoint: OnCheckpoint | None = None
) -> int:
    """Sequence up to `batch` entries in a transaction of their own; returns how many (0: nothing waits, or another
    sequencer works). Raises Conflict where the stored tiles contradict the last checkpoint: somebody changed the
    log, nothing more is appended to it."""
    return (await _sequence(conn, signer, batch, 0, on_checkpoint))[0]


async def _sequence(
    conn: Conn, signer: note.Signer, batch: int, low: int, on_checkpoint: OnCheckpoint | None
) -> tuple[int, int]:
    """Returns how many entries were sequenced and the last one's id. `low`: bulk ids below it need no look."""
    checkpoint, taken, last = None, 0, low
    few: list[bytes] = []
    async with conn.transaction():
        if not await store.lock(conn):
            return 0, 0
        start, writer = await _open_tree(conn, signer)
        async for rows in _chunks(conn, start, batch, low):
            leaves = [entry.make_leaf(row) for row in rows]
            writer.extend(map(merkle.leaf_hash, leaves))
            if few:  # they were not the last
                await store.add_leaves(conn, start + taken - len(few), few)
            few = leaves if len(leaves) <= _FEW else []
            if not few:
                await store.add_leaves(conn, start + taken, leaves)
            taken += len(rows)
            last = rows[-1][0]
        all_taken = taken < batch or last >= store.FIRST_BULK_ID
        if taken:
            checkpoint = note.sign_checkpoint(signer, writer.size, writer.root())
            if await store.place(conn, few, writer.touched, checkpoint, all_taken=all_taken) != len(writer.touched):
                raise _broken(start)
        elif all_taken:
            await store.caught_up(conn)
    if checkpoint and on_checkpoint:
        on_checkpoint(checkpoint)
    return taken, last


async def _chunks(conn: Conn, size: int, batch: int, low: int) -> AsyncIterator[list[tuple[Any, ...]]]:
    """Up to `batch` entries in chunks. While the caller hashes one chunk the database already moves the next."""
    left = batch
    ahead = asyncio.ensure_future(_take(conn, size, min(_CHUNK, left), low))
    try:
        while rows := await ahead:
            size, left, low = size + len(rows), left - len(rows), max(low, rows[-1][0] + 1)
            if left and len(rows) == _CHUNK:
                ahead = asyncio.ensure_future(_take(conn, size, min(_CHUNK, left), low))
                await asyncio.sleep(0)  # the statement leaves now, not when the caller next waits
                yield rows
            else:
                yield rows
                return
    finally:
        if not ahead.done():
            ahead.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ahead


async def _take(conn: Conn, size: int, count: int, low: int) -> list[tuple[Any, ...]]:
    return await store.take(conn, size, count, low, os.urandom(entry.SALT_SIZE * count))


async def _open_tree(conn: Conn, signer: note.Signer) -> tuple[int, tiles.TileWriter]:
    """The tree as it stands: its size and a writer on its right edge, checked against the last checkpoint."""
    held, edge = await store.tree(conn)
    if held is None:
        await store.begin(conn, note.sign_checkpoint(signer, 0, merkle.EMPTY_ROOT))
        return 0, tiles.TileWriter(0, {})
    try:
        writer = tiles.TileWriter(held.size, edge)
    except KeyError as error:
        raise _broken(held.size) from error
    if writer.root() != held.root:
        raise _broken(held.size)
    return held.size, writer


def _broken(size: int) -> Conflict:
    return Conflict(
        "audit.log_altered",
        "Nhật ký bằng chứng đã bị sửa ngoài hệ thống (kích thước {size}). Hãy chạy `dancu audit verify`.",
        size=size,
    )


async def drain(
    conn: Conn, signer: note.Signer, *, batch: int = BATCH, on_checkpoint: OnCheckpoint | None = None
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


async def run_sequencer(
    dsn: str, signer: note.Signer, stop: asyncio.Event, *, checkpoints: Path | None = None, on_taken: Callable[[], None] = lambda: None
) -> None:
    """Sequence until `stop` is set, on a connection of its own. Errors (the database restarts, the log was altered or
    rolled back) are the caller's: it starts this again after a while. `checkpoints`: folder of those remembered. `on_taken`: called
    when there is more in the log.

    It asks rather than listens: NOTIFY takes one lock for the whole database at every commit of the hot path, a look
    at an empty table every quarter of a second costs nothing noticeable.
    """
    conn = await store.connect(dsn)
    memory = remembered.Memory(checkpoints) if checkpoints else None
    beat = time.monotonic() - _BEAT
    try:
        if checkpoints:
            await _stands_by(conn, signer, checkpoints)
        while not stop.is_set():
            pause = _IDLE
            if await store.has_pending(conn) or time.monotonic() - beat >= _BEAT:
                taken = await drain(conn, signer, on_checkpoint=memory.keep if memory else None)
                beat = time.monotonic()
                pause = _BUSY if taken else _IDLE
                if taken:
                    on_taken()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        # Whoever starts right after must not take us for alive and wait for a sequencer that is gone.
        await store.ended(conn, ALIVE)
    finally:
        await conn.close()


async def _stands_by(conn: Conn, signer: note.Signer, checkpoints: Path) -> None:
    """Never sign what contradicts the last checkpoint we remember: a database that was rolled back gets no second
    history. A database restored on purpose begins with a new folder. Raises Conflict."""
    last = _newest_of(signer.verifier, remembered.read(checkpoints))
    if last is None:
        return
    head = await publish.head(conn)
    size = head.size if head else 0
    if size < last.size or await proofs.hashes(conn, [(0, last.size)]) != [last.root]:
        raise Conflict(
            "audit.log_rolled_back",
            "Cơ sở dữ liệu không chứa mốc nhật ký đã ghi nhớ (kích thước {size}); không ghi sổ tiếp."
            " Nếu vừa phục hồi có chủ đích, hãy chuyển thư mục checkpoints đi nơi khác rồi chạy lại.",
            size=last.size,
        )


def _newest_of(verifier: note.Verifier, notes: list[str]) -> note.Checkpoint | None:
    """The newest one this key signed: as a rule the very first note read (`latest`), unless that is another key's, or
    torn by a power cut."""
    found: list[note.Checkpoint] = []
    for text in notes:
        with contextlib.suppress(note.BadNote):
            found.append(note.open_checkpoint(text, [verifier]))
            if text is notes[0]:
                break
    return max(found, key=lambda c: c.size, default=None)
