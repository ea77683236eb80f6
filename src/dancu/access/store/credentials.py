"""The narrow doors to passwords and second factors: functions of the database, never its table."""

from __future__ import annotations

from psycopg.rows import class_row, scalar_row

from dancu.access.models import Credential
from dancu.kit.db import Conn


async def of_login(conn: Conn, login: str) -> Credential | None:
    cursor = conn.cursor(row_factory=class_row(Credential))
    await cursor.execute("SELECT * FROM access.credential_of(%s)", (login,))
    found = await cursor.fetchone()
    return found if found is not None and found.staff_id is not None else None


async def set_password(conn: Conn, staff_id: int, password_hash: str) -> None:
    await conn.execute("SELECT access.set_password(%s::bigint, %s)", (staff_id, password_hash))


async def set_totp(conn: Conn, staff_id: int, secret: bytes, step: int) -> None:
    await conn.execute("SELECT access.set_totp(%s::bigint, %s::bytea, %s::bigint)", (staff_id, secret, step))


async def forget_totp(conn: Conn, staff_id: int) -> bool:
    """Forget the second factor and keep the password; False where there is no password."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.forget_totp(%s::bigint)", (staff_id,))
    return bool(await cursor.fetchone())


async def use_totp_step(conn: Conn, staff_id: int, step: int) -> bool:
    """True for the first use of a time step, False for a replay."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.use_totp_step(%s::bigint, %s::bigint)", (staff_id, step))
    return bool(await cursor.fetchone())
