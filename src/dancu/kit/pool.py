"""The pool of an application's connections, each of which commits every statement by itself.

Who comes gets the connection that was given back last: the server's side of it has the plans and the catalogue of what it has just
done at hand. In turns, as the library lends them, each of ten connections is met cold.
"""

from __future__ import annotations

import sys
import time
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool


class Pool(AsyncConnectionPool[AsyncConnection[Any]]):
    def connection(self, timeout: float | None = None) -> AbstractAsyncContextManager[AsyncConnection[Any]]:  # type: ignore[override]  # no generator
        """As the library's: committed or rolled back, and given back."""
        return _Lent(self, timeout)

    async def getconn(self, timeout: float | None = None) -> AsyncConnection[Any]:
        """As the library's, which is asked where none is ready."""
        return self.ready() or await super().getconn(timeout)

    async def putconn(self, conn: AsyncConnection[Any]) -> None:
        """As the library's, which is given what somebody waits for, what is not clean and what is too old."""
        if not self.taken_back(conn):
            await super().putconn(conn)

    def ready(self) -> AsyncConnection[Any] | None:
        """`getconn` where nobody has to wait."""
        if not self._pool or self._closed:
            return None
        self._stats[self._REQUESTS_NUM] += 1
        conn = self._pool.pop()
        if len(self._pool) < self._nconns_min:
            self._nconns_min = len(self._pool)
        conn._pool = self
        return conn

    def taken_back(self, conn: AsyncConnection[Any]) -> bool:
        """`putconn` where there is nothing to do for it."""
        if (
            conn.pgconn.transaction_status != TransactionStatus.IDLE or conn._pool is not self or self._closed or self._waiting
            or conn._created_at <= self._drained_at or conn._expire_at <= time.monotonic()
        ):  # fmt: skip
            return False
        conn._pool = None
        self._pool.append(conn)
        return True


class _Lent:
    """A connection while it is lent. Where nothing is open, as always after single statements, it is not asked to commit, which would
    wait for its lock and run its machinery for nothing. No generator: one statement has two of these around it."""

    __slots__ = ("_conn", "_pool", "_timeout")

    def __init__(self, pool: Pool, timeout: float | None) -> None:
        self._pool, self._timeout = pool, timeout

    async def __aenter__(self) -> AsyncConnection[Any]:
        pool = self._pool
        self._conn = conn = pool.ready() or await pool.getconn(self._timeout)
        return conn

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        conn, pool = self._conn, self._pool
        if error is None and pool.taken_back(conn):
            return
        try:
            if error is not None:
                await conn.__aexit__(kind, error, trace)
            elif conn.pgconn.transaction_status != TransactionStatus.IDLE:
                await self._commit(conn)
        finally:
            await pool.putconn(conn)

    async def _commit(self, conn: AsyncConnection[Any]) -> None:
        try:
            await conn.__aexit__(None, None, None)
        except BaseException:
            await conn.__aexit__(*sys.exc_info())
            raise
