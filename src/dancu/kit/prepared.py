"""Statements that every sign-in and every token runs, without what the driver does for any statement: its text is not taken apart,
its parameters are not looked up by type, its result's columns are met once. What is left is one message each way.

    _STANDING = Prepared("SELECT claims, until FROM sharing.standing(%s::bigint, %s::bigint, %s)")
    row = await _STANDING.row(conn, (key, client_no, purpose))

The types of parameters are the database's to know: a cast, or the argument of a function, says them. On a connection that is in a
transaction the driver's own way is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import call
from typing import TYPE_CHECKING, Any, Final

from psycopg import errors, generators
from psycopg.adapt import Transformer as Reader
from psycopg.pq import ExecStatus, PipelineStatus, TransactionStatus

from dancu.kit.ear import Watch

if TYPE_CHECKING:
    from psycopg.abc import PQGen, Transformer
    from psycopg.pq.abc import PGresult

    from dancu.kit.db import Conn

Row = tuple[Any, ...]
_READ, _WRITE = 1, 2  # what a generator of the driver waits for, and what it is told came
_PATIENCE: Final = 5.0  # seconds for a statement to end that nobody waits for any more
_numbers = itertools.count(1)
_KNOWN: Final = "_dancu_prepared"  # an attribute of a connection
# How the parameters of a statement are written, which of them are texts, and which are sent as they are; for so many combinations of types.
_Plan = tuple[list[Callable[[Any], Any]], list[bool], list[bool]]
_MOST_PLANS: Final = 64


class _Known:
    """What is known of a connection: the watch of its socket, and what reads the results of each statement, by its name."""

    __slots__ = ("readers", "watch")

    def __init__(self, conn: Conn) -> None:
        self.readers: dict[bytes, Transformer] = {}
        self.watch = Watch(conn.pgconn.socket)


class Prepared:
    """One statement, `%s` for each parameter (no other `%` in it): None, bool, int, float, str, bytes, datetime or timedelta."""

    __slots__ = ("_name", "_numbered", "_plans", "_sql")

    def __init__(self, sql: str) -> None:
        self._sql = sql
        first, *rest = sql.split("%s")
        self._numbered = (first + "".join(f"${n}{part}" for n, part in enumerate(rest, 1))).encode()
        self._name = b"dancu_%d" % next(_numbers)
        self._plans: dict[tuple[type, ...], _Plan] = {}

    async def row(self, conn: Conn, params: Sequence[Any]) -> Row | None:
        """The first row; None where there is none."""
        found = await self.rows(conn, params)
        return found[0] if found else None

    async def rows(self, conn: Conn, params: Sequence[Any]) -> list[Row]:
        """All rows, as the driver reads them. Raises its errors."""
        if not conn.autocommit:
            return await self._by_driver(conn, params)
        lock, pgconn = conn.lock, conn.pgconn
        await lock.acquire()
        try:
            if pgconn.transaction_status == TransactionStatus.IDLE and pgconn.pipeline_status == PipelineStatus.OFF:
                known: _Known = conn.__dict__.get(_KNOWN) or conn.__dict__.setdefault(_KNOWN, _Known(conn))
                try:
                    return await self._run(conn, known, params)
                except errors.InvalidSqlStatementName:  # the driver takes all prepared statements back after a rollback; nothing was done
                    known.readers.clear()
                    return await self._run(conn, known, params)
        finally:
            lock.release()
        return await self._by_driver(conn, params)

    async def _by_driver(self, conn: Conn, params: Sequence[Any]) -> list[Row]:
        return await (await conn.execute(self._sql, params)).fetchall()

    def _written(self, params: Sequence[Any]) -> tuple[list[Any], list[bool]]:
        """The parameters as they are sent, and which of them as bytes. Raises TypeError for a type that is not written here."""
        kinds = tuple(map(type, params))
        plan = self._plans.get(kinds)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[kinds] = [_WRITERS[kind] for kind in kinds], [kind is str for kind in kinds], [kind is bytes for kind in kinds]
        ways, texts, binary = plan
        written = list(map(call, ways, params))
        if b"\0" in b"".join(itertools.compress(written, texts)):
            raise errors.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return written, binary

    async def _run(self, conn: Conn, known: _Known, params: Sequence[Any]) -> list[Row]:
        pgconn, reader = conn.pgconn, known.readers.get(self._name)
        written, binary = self._written(params)
        if reader is None:
            pgconn.send_prepare(self._name, self._numbered)
            with contextlib.suppress(errors.DuplicatePreparedStatement):  # whoever asked first left before the answer
                await _answer(conn, known.watch, ExecStatus.COMMAND_OK)
        pgconn.send_query_prepared(self._name, written, binary)
        result = await _answer(conn, known.watch, ExecStatus.TUPLES_OK)
        if reader is None:
            reader = known.readers[self._name] = Reader(conn)
            reader.set_pgresult(result)
        else:
            reader.set_pgresult(result, set_loaders=False)
        found: list[Row] = reader.load_rows(0, result.ntuples, tuple)
        reader.set_pgresult(None, set_loaders=False)
        return found


def _failure(results: Sequence[PGresult]) -> Exception:
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            return errors.error_from_result(result)
    return errors.InternalError(f"{len(results)} results, the first {results[0].status if results else None}")


@functools.lru_cache(256)  # most are a constant of somebody's
def _interval(value: timedelta) -> bytes:
    return f"{value.days} days {value.seconds}.{value.microseconds:06d} seconds".encode()


class _Writers(dict[type, Callable[[Any], bytes | None]]):
    def __missing__(self, kind: type) -> Callable[[Any], bytes | None]:
        raise TypeError(f"a parameter of type {kind.__name__}")


#: How a parameter of each type is written.
_WRITERS: Final = _Writers({
    type(None): {None: None}.__getitem__,
    str: str.encode, bytes: bytes, bool: {True: b"t", False: b"f"}.__getitem__, int: b"%d".__mod__, float: lambda value: repr(value).encode(),
    datetime: lambda value: value.isoformat().encode(), timedelta: _interval,
})  # fmt: skip


async def _answer(conn: Conn, watch: Watch, wanted: ExecStatus) -> PGresult:
    """The result of what was sent. It goes out at once (a socket is hardly ever full); then one wait for the answer."""
    steps = generators.execute(conn.pgconn)
    try:
        waits = next(steps)
        if waits & _WRITE:
            waits = steps.send(_WRITE)
        while True:
            if waits == _READ:
                await watch.answer()
                waits = steps.send(_READ)
            else:
                waits = steps.send(await _ready(watch.socket, waits))
    except StopIteration as end:
        results = end.value
    except OSError as error:
        raise errors.OperationalError("connection socket closed") from error
    except asyncio.CancelledError:
        await _given_up(conn, steps)
        raise
    if len(results) == 1 and results[0].status == wanted:
        found: PGresult = results[0]
        return found
    raise _failure(results)


async def _ready(socket: int, waits: int) -> int:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()

    def ready(what: int) -> None:
        if not future.done():
            future.set_result(what)

    if waits & _READ:
        loop.add_reader(socket, ready, _READ)
    if waits & _WRITE:
        loop.add_writer(socket, ready, _WRITE)
    try:
        return await future
    finally:
        if waits & _READ:
            loop.remove_reader(socket)
        if waits & _WRITE:
            loop.remove_writer(socket)


async def _given_up(conn: Conn, steps: PQGen[list[PGresult]]) -> None:
    """Nobody waits any more: the statement ends in the database too, as the driver would have it, or the connection does."""
    if conn.pgconn.transaction_status != TransactionStatus.ACTIVE:
        return
    try:
        await conn.cancel_safe(timeout=_PATIENCE)
        await conn.wait(steps, timeout=_PATIENCE)
    except BaseException:
        conn.pgconn.finish()
        raise
