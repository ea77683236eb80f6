"""Who asked that a client goes live, and who approved it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Approval:
    """Staff numbers and times; None where nobody asked or approved."""

    asked_by: int | None
    asked_at: datetime | None
    approved_by: int | None
    approved_at: datetime | None


async def of(conn: Conn, client_no: int) -> Approval:
    cursor = await conn.execute(
        "SELECT live_asked_by, live_asked_at, approved_by, approved_at FROM oidc.client WHERE client_no = %s::bigint", (client_no,)
    )
    row = await cursor.fetchone()
    return Approval(*row) if row else Approval(None, None, None, None)


async def ask(conn: Conn, client_no: int, by: int) -> bool:
    """False unless the client is on trial."""
    cursor = await conn.execute(
        "UPDATE oidc.client SET live_asked_by = %s::bigint, live_asked_at = now(), approved_by = NULL, approved_at = NULL,"
        " changed_at = now() WHERE client_no = %s::bigint AND state = 'test'",
        (by, client_no),
    )
    return cursor.rowcount == 1


async def approve(conn: Conn, client_no: int, by: int) -> bool:
    """The client is live; False unless it was on trial and somebody had asked."""
    cursor = await conn.execute(
        "UPDATE oidc.client SET state = 'live', approved_by = %s::bigint, approved_at = now(), changed_at = now()"
        " WHERE client_no = %s::bigint AND state = 'test' AND live_asked_at IS NOT NULL",
        (by, client_no),
    )
    return cursor.rowcount == 1


async def refuse(conn: Conn, client_no: int) -> None:
    """Nobody has asked any more; a client that is live stays so."""
    await conn.execute(
        "UPDATE oidc.client SET live_asked_by = NULL, live_asked_at = NULL, changed_at = now()"
        " WHERE client_no = %s::bigint AND state = 'test'",
        (client_no,),
    )
