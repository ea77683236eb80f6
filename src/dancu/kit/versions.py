"""Is the database of the same version as this program? A statement that names what the database does not have (yet, or any more) fails
with one of SIGNS; what that means to whoever waits is asked only then, so that nothing is asked while all is well."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

from dancu.kernel.errors import Unavailable
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.migrate import available

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

BEHIND: Final = "db.behind"
# undefined table, column, function, schema
SIGNS: Final = frozenset({"42P01", "42703", "42883", "3F000"})
_APPLIED: Final = "SELECT name FROM public.dancu_migration WHERE name NOT LIKE 'procrastinate:%'"
_REMEMBERED_SECONDS: Final = 5.0
_WAIT_SECONDS: Final = 1.0


def is_sign(error: BaseException) -> bool:
    """Might this failure mean that the database is of another version?"""
    return getattr(error, "sqlstate", None) in SIGNS


def mismatch(applied: Iterable[str]) -> Unavailable | None:
    """What to tell, where these migrations are the ones that the database has; None where they are those of this program."""
    had = frozenset(applied)
    if missing := len(_ours() - had):
        return Unavailable(
            BEHIND, N_("Cơ sở dữ liệu cũ hơn chương trình này, thiếu {count} bước cập nhật. Quản trị hệ thống: hãy chạy `dancu migrate`."), count=missing
        )
    if more := sorted(had - _ours()):
        return Unavailable(
            "db.ahead", N_("Cơ sở dữ liệu mới hơn chương trình này ({name}). Quản trị hệ thống: hãy dùng bản chương trình mới hơn."), name=more[-1]
        )
    return None


def mismatch_at(dsn: str) -> Unavailable | None:
    """Raises what the driver raises where the database cannot be asked."""
    import psycopg

    with psycopg.connect(dsn, connect_timeout=5) as conn:
        try:
            return mismatch(row[0] for row in conn.execute(_APPLIED))
        except psycopg.errors.UndefinedTable:  # empty
            return mismatch(())


class Versions:
    """For an application whose many requests fail at once: the database is asked seldom, and nobody waits long for it."""

    def __init__(self) -> None:
        self._asked, self._found = float("-inf"), None  # type: float, Unavailable | None

    async def mismatch(self, pool: AsyncConnectionPool) -> Unavailable | None:
        """None also where the database cannot be asked now."""
        import psycopg
        from psycopg_pool import PoolClosed, PoolTimeout

        if time.monotonic() - self._asked < _REMEMBERED_SECONDS:
            return self._found
        try:
            async with pool.connection(timeout=_WAIT_SECONDS) as conn:
                found = mismatch(await _applied(conn))
        except (psycopg.Error, PoolTimeout, PoolClosed):
            return None
        self._asked, self._found = time.monotonic(), found
        return found


async def _applied(conn: Conn) -> list[str]:
    return [row[0] for row in await (await conn.execute(_APPLIED)).fetchall()]


@cache
def _ours() -> frozenset[str]:
    return frozenset(migration.name for migration in available())
