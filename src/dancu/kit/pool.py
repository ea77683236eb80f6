"""The pool of an application's connections, each of which commits every statement by itself."""

from __future__ import annotations

import sys
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


class _Lent:
    """A connection while it is lent. Where nothing is open, as always after single statements, it is not asked to commit, which would
    wait for its lock and run its machinery for nothing. No generator: one statement has two of these around it."""

    __slots__ = ("_conn", "_pool", "_timeout")

    def __init__(self, pool: Pool, timeout: float | None) -> None:
        self._pool, self._timeout = pool, timeout

    async def __aenter__(self) -> AsyncConnection[Any]:
        self._conn = await self._pool.getconn(self._timeout)
        return self._conn

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        conn = self._conn
        try:
            if error is not None:
                await conn.__aexit__(kind, error, trace)
            elif conn.pgconn.transaction_status != TransactionStatus.IDLE:
                await self._commit(conn)
        finally:
            await self._pool.putconn(conn)

    async def _commit(self, conn: AsyncConnection[Any]) -> None:
        try:
            await conn.__aexit__(None, None, None)
        except BaseException:
            await conn.__aexit__(*sys.exc_info())
            raise
