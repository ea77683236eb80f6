"""One request, one transaction, committed before the answer leaves.

FastAPI closes an ordinary `yield` dependency after the answer was sent, when a failed commit can no longer be
told to anybody. `scope="function"` closes it in between; tests/kit/test_web_transaction.py pins it.

A refusal rolls the request back, and that somebody tried must not be lost with it: a refusal that is evidence
carries `evidence`, which kit.db.keep_evidence runs after the rollback.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from types import TracebackType
from typing import Annotated, Any

from fastapi import Depends, Request
from psycopg import AsyncConnection, AsyncTransaction
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from dancu.kernel.errors import DancuError, Unavailable
from dancu.kit.db import keep_evidence

Connection = AsyncConnection[Any]


class AnsweredAfterFailure(RuntimeError):
    """A handler caught a database error without a savepoint and answered as if nothing had happened."""


class Lease:
    """The request's connection, taken from the pool on first use only: a public page needs no database."""

    def __init__(self, pool: AsyncConnectionPool[Connection] | None) -> None:
        self._pool = pool
        self._conn: Connection | None = None
        self._transaction: AbstractAsyncContextManager[AsyncTransaction] | None = None

    @property
    def taken(self) -> bool:
        return self._conn is not None

    async def connection(self) -> Connection:
        if self._conn is None:
            if self._pool is None:
                raise Unavailable("db.no_pool", "Hệ thống đang khởi động. Xin thử lại sau ít phút.")
            self._conn = await self._pool.getconn()
            # Explicit, so that a verb's own `conn.transaction()` is a savepoint and a stray commit() refused.
            opened = self._conn.transaction()
            await opened.__aenter__()
            self._transaction = opened
        return self._conn

    def statement(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for single statements that commit themselves, given back at the end of the block; the request's own
        where it has begun its transaction. For steps between which nothing of the database must be held."""
        if self._conn is not None:
            return nullcontext(self._conn)
        if self._pool is None:
            raise Unavailable("db.no_pool", "Hệ thống đang khởi động. Xin thử lại sau ít phút.")
        return self._pool.connection()

    async def release(self) -> None:
        """Commit what was done and give the connection back, before waiting for somebody outside: no transaction and no
        connection stays taken meanwhile. The next `connection()` is another transaction."""
        try:
            await self.close(None, None, None)
        finally:
            self._conn = self._transaction = None

    async def undo(self, error: DancuError) -> None:
        """Roll back as after `error`, keep its evidence, and give the connection back: what others waited for is free. The next
        `connection()` is another transaction."""
        try:
            await self.close(type(error), error, error.__traceback__)
        finally:
            self._conn = self._transaction = None

    async def close(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or roll back when `error`; record the evidence of a refusal; give the connection back."""
        if self._conn is None or self._pool is None:
            return
        try:
            if self._transaction is not None:
                if error is None and self._conn.info.transaction_status == TransactionStatus.INERROR:
                    # PostgreSQL answers COMMIT of a failed transaction with a quiet ROLLBACK: the evidence of
                    # what this page shows would be lost, and the page would still be sent.
                    kind, error = AnsweredAfterFailure, AnsweredAfterFailure()
                await self._transaction.__aexit__(kind, error, trace)
                if isinstance(error, AnsweredAfterFailure):
                    raise error
            if error is not None:
                await keep_evidence(self._conn, error)
        finally:
            await self._pool.putconn(self._conn)


@asynccontextmanager
async def attempt(conn: Connection) -> AsyncIterator[None]:
    """Around a verb whose failure the page shows itself (a form again, with what is wrong): undoes what the
    failed verb wrote, keeps the evidence of a refusal, and raises the failure on for the page to catch."""
    try:
        async with conn.transaction():
            yield
    except DancuError as error:
        await keep_evidence(conn, error)
        raise


async def lease(request: Request) -> AsyncIterator[Lease]:
    held = Lease(getattr(request.app.state, "pool", None))
    try:
        yield held
    except BaseException as error:
        await held.close(type(error), error, error.__traceback__)
        raise
    await held.close(None, None, None)


RequestLease = Annotated[Lease, Depends(lease, scope="function")]


async def db(held: RequestLease) -> Connection:
    """The connection of this request, inside its one transaction."""
    return await held.connection()


DbConn = Annotated[Connection, Depends(db, scope="function")]
Conn = DbConn
