"""One request, one transaction, committed before the answer leaves.

FastAPI closes an ordinary `yield` dependency after the answer was sent, when a failed commit can no longer be
told to anybody. `scope="function"` closes it in between; tests/kit/test_web_transaction.py pins it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import Depends, Request
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from dancu.kernel.errors import DancuError, Unavailable
from dancu.kit.db import keep_evidence


class Lease:
    """The request's connection, taken from the pool on first use only: a public page needs no database."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]] | None) -> None:
        self._pool, self._stack = pool, AsyncExitStack()
        self._conn: AsyncConnection[Any] | None = None

    async def connection(self) -> AsyncConnection[Any]:
        if self._conn is None:
            if self._pool is None:
                raise Unavailable("db.no_pool", "Hệ thống đang khởi động. Xin thử lại sau ít phút.")
            conn = await self._stack.enter_async_context(self._pool.connection())
            # Explicit, so that a verb's own `conn.transaction()` is a savepoint and a stray commit() is
            # refused.
            await self._stack.enter_async_context(conn.transaction())
            self._conn = conn
        return self._conn

    async def __aenter__(self) -> Lease:
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        conn = self._conn
        if failure[0] is None and conn is not None:
            if conn.info.transaction_status == TransactionStatus.INERROR:
                # PostgreSQL answers COMMIT of a failed transaction with a quiet ROLLBACK: the evidence of
                # what this page shows would be lost. A page that catches a database error must use a
                # savepoint.
                error = RuntimeError("the handler answered although its transaction had failed")
                await self._stack.__aexit__(type(error), error, None)
                raise error
        await self._stack.__aexit__(*failure)
        if isinstance(failure[1], DancuError) and failure[1].evidence is not None and self._pool is not None:
            async with self._pool.connection() as again:
                await keep_evidence(again, failure[1])


async def lease(request: Request) -> AsyncIterator[Lease]:
    async with Lease(getattr(request.app.state, "pool", None)) as held:
        yield held


RequestLease = Annotated[Lease, Depends(lease, scope="function")]


async def db(held: RequestLease) -> AsyncConnection[Any]:
    """The connection of this request, inside its one transaction."""
    return await held.connection()


DbConn = Annotated[AsyncConnection[Any], Depends(db, scope="function")]
Conn = DbConn
