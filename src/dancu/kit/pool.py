"""The pool of an application's connections, each of which commits every statement by itself."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool


class Pool(AsyncConnectionPool[AsyncConnection[Any]]):
    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[AsyncConnection[Any]]:
        """As the library's: committed or rolled back, and given back. Where nothing is open, as always after single statements, it is
        not asked to commit, which would wait for its lock and run its machinery for nothing."""
        conn = await self.getconn(timeout)
        try:
            yield conn
            if conn.pgconn.transaction_status != TransactionStatus.IDLE:
                await conn.__aexit__(None, None, None)
        except BaseException:
            await conn.__aexit__(*sys.exc_info())
            raise
        finally:
            await self.putconn(conn)
