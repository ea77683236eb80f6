"""Connections. One transaction per request or job, opened and committed at the edge; services and stores take `conn`.

Where the database is: DANCU_DATABASE_URL (and, for separate credentials, DANCU_DATABASE_URL_WORKER, _IMPORT, _VERIFY,
_BIOMETRIC, _ADMIN), else the embedded cluster under the data folder.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dancu.kernel.errors import DancuError, Unavailable

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    Conn = AsyncConnection[Any]
else:
    Conn = "AsyncConnection"

# The SQLSTATE with which the database refuses to show or change anything: its evidence could not be kept.
NOT_SEQUENCED = "DA001"
ROLES = ("admin", "app", "worker", "import", "verify", "biometric")


def data_dir(given: str | Path | None = None) -> Path:
    """The data folder: what was given, else DANCU_DATA, else ./data."""
    return Path(given or os.environ.get("DANCU_DATA") or "data").absolute()


def use_data(folder: Path) -> None:
    """Make `folder` the data folder of this process and of those it starts."""
    os.environ["DANCU_DATA"] = str(folder)


def dsn(role: str = "app", data: str | Path | None = None) -> str:
    """Connection string of a role ("admin", "app", "worker", "import", "verify", "biometric")."""
    if role not in ROLES:
        raise ValueError(role)
    suffix = "" if role == "app" else f"_{role.upper()}"
    if url := os.environ.get(f"DANCU_DATABASE_URL{suffix}"):
        return url
    if os.environ.get("DANCU_DATABASE_URL"):
        raise Unavailable("db.no_dsn", "Chưa đặt {name} cho vai trò này.", name=f"DANCU_DATABASE_URL{suffix}")
    from dancu.kit import postgres

    return postgres.locate(data_dir(data)).dsn(role)


async def open_connection(role: str = "app", data: str | Path | None = None, *, autocommit: bool = False) -> Conn:
    """One connection as `role`. Raises Unavailable with a sentence where the database does not run."""
    import psycopg

    try:
        return await psycopg.AsyncConnection.connect(dsn(role, data), autocommit=autocommit, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise Unavailable(
            "db.not_running",
            "Cơ sở dữ liệu chưa chạy. Hãy chạy `dancu demo` hoặc `dancu serve` (thư mục dữ liệu: {data}).",
            data=str(data_dir(data)),
        ) from error


@asynccontextmanager
async def connection(role: str = "app", data: str | Path | None = None) -> AsyncIterator[Conn]:
    """A connection in one transaction: committed when the block ends well, rolled back otherwise."""
    conn = await open_connection(role, data)
    try:
        try:
            async with conn.transaction():
                yield conn
        except DancuError as error:
            await keep_evidence(conn, error)
            raise
    finally:
        await conn.close()


async def keep_evidence(conn: Conn, error: BaseException) -> None:
    """After a rollback: record the refused attempt that `error` carries, in a transaction of its own."""
    if isinstance(error, DancuError) and error.evidence is not None:
        async with conn.transaction():
            await error.evidence(conn)


def unreachable(error: BaseException) -> bool:
    """Does this failure say that the database cannot be asked now (down, shutting down, no connection free), rather
    than that it did not like the question? Then asking again piece by piece only makes everybody wait."""
    import psycopg
    from psycopg_pool import PoolClosed, PoolTimeout

    if isinstance(error, (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)):
        return False
    return isinstance(error, (psycopg.OperationalError, PoolTimeout, PoolClosed))


def not_sequenced() -> Unavailable:
    """What NOT_SEQUENCED means to the person waiting."""
    return Unavailable(
        "audit.not_sequenced",
        "Nhật ký bằng chứng đang không hoạt động nên dữ liệu tạm thời không được mở. Hãy báo quản trị hệ thống.",
    )


def make_pool(dsn: str, *, min_size: int = 1, max_size: int = 10, name: str = "dancu") -> AsyncConnectionPool:
    """A pool that is opened by the caller (`await pool.open()`). Its connections commit each statement by itself: what
    belongs together says so with `conn.transaction()`, and one statement alone needs no round trips around it."""
    import orjson
    from psycopg.types.json import set_json_loads

    from dancu.kit.pool import Pool

    set_json_loads(orjson.loads)
    return Pool(
        dsn, min_size=min_size, max_size=max_size, open=False, name=name, timeout=15, kwargs={"autocommit": True}
    )
