"""Bulk work is finished when its evidence has its place in the log. Where no worker runs, a child process of the command
sequences, with the key of this installation; then the log never waits while a long file is being read."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from dancu.audit import ownership
from dancu.audit.sequencer import ALIVE, run_sequencer
from dancu.audit.store import sequence as store
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn, data_dir, dsn, open_connection, unreachable

_PATIENCE: Final = 5.0  # seconds without any progress after which it is asked again whether anybody sequences
_AGAIN: Final = 0.5  # seconds before a database that went away is asked again
_STUCK: Final = 30.0  # seconds without any progress after which nobody is believed to sequence


@asynccontextmanager
async def sequencer() -> AsyncIterator[bool]:
    """While the block runs somebody sequences: the worker, or a child process. Yields False where neither can (this
    machine never had the signing key). Unavailable where the key that belongs here is missing or another's."""
    conn = await open_connection("verify", autocommit=True)
    try:
        alive = await store.sequencer_alive(conn, ALIVE)
        await ownership.check_key(conn, data_dir() / "keys", data_dir() / "checkpoints")
    finally:
        await conn.close()
    if alive:
        yield True
        return
    if not _can_sign():
        yield False
        return
    async with _child():
        yield True


def _can_sign() -> bool:
    return (data_dir() / "keys" / "audit.key").exists()


@asynccontextmanager
async def _child() -> AsyncIterator[None]:
    """A sequencer of our own, in a process of its own, while the block runs."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


async def settle(entries: tuple[int, int]) -> bool:
    """Wait until evidence entries [first, end) are sequenced; False when the log has stopped moving. The rows are in:
    a database that is restarted meanwhile is asked again. A sequencer that was alive when the work began and is not
    any more (killed, its machine gone) is replaced by our own."""
    least, since, own = None, time.monotonic(), False
    async with AsyncExitStack() as stack:
        while True:
            try:
                conn = await open_connection("verify", autocommit=True)
                try:
                    while left := await store.waiting(conn, *entries):
                        if least is None or left < least:
                            least, since = left, time.monotonic()
                        elif time.monotonic() - since > _STUCK:
                            return False
                        elif not own and time.monotonic() - since > _PATIENCE and await _nobody(conn):
                            await stack.enter_async_context(_child())
                            own, since = True, time.monotonic()
                        await asyncio.sleep(0.05)
                    return True
                finally:
                    await conn.close()
            except Exception as error:
                if not _away(error):
                    raise
                if time.monotonic() - since > _STUCK:
                    return False
            await asyncio.sleep(0.5)


def _away(error: Exception) -> bool:
    """Is the database not there at the moment?"""
    return unreachable(error) or (isinstance(error, DancuError) and error.code == "db.not_running")


async def _nobody(conn: Conn) -> bool:
    """Nobody sequences, and we can."""
    return _can_sign() and not await store.sequencer_alive(conn, ALIVE)


async def _run(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Whoever started us keeps our standard input open as long as it lives: no orphan goes on signing.
    loop.add_reader(sys.stdin.fileno(), stop.set)
    while not stop.is_set():
        try:
            await _sequence(stop)
        except Exception as error:
            # A database that is restarted comes back, and the work goes on; who started us says so and gives up in time.
            if not _away(error):
                raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _AGAIN)


async def _sequence(stop: asyncio.Event) -> None:
    conn = await open_connection("worker", autocommit=True)
    try:
        signer = await ownership.signer_of_log(conn, data_dir() / "keys", data_dir() / "checkpoints")
    finally:
        await conn.close()
    await run_sequencer(dsn("worker"), signer, stop, checkpoints=data_dir() / "checkpoints")


if __name__ == "__main__":
    asyncio.run(_run(asyncio.Event()))
