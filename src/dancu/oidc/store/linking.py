"""Batches of the linking kit: counts."""

from __future__ import annotations

from dancu.kit.db import Conn


async def rows_of_a_day(conn: Conn, client_no: int) -> int:
    """Rows the client had compared in the last 24 hours. One batch of a client at a time from here on."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('oidc.linking', %s::bigint))", (client_no,))
    row = await (
        await conn.execute(
            "SELECT coalesce(sum(rows), 0)::bigint FROM oidc.linking_batch"
            " WHERE client_no = %s::bigint AND at > now() - interval '24 hours'",
            (client_no,),
        )
    ).fetchone()
    return int(row[0]) if row else 0


async def add(conn: Conn, client_no: int, matched: int, ambiguous: int, not_found: int) -> None:
    await conn.execute(
        "INSERT INTO oidc.linking_batch (client_no, rows, matched, ambiguous, not_found) VALUES (%s::bigint, %s, %s, %s, %s)",
        (client_no, matched + ambiguous + not_found, matched, ambiguous, not_found),
    )
