"""How sources fare, and the files that came from them."""

from __future__ import annotations

from dancu.exchange.models.sources import Drop, Fared
from dancu.kit.db import Conn


async def fared(conn: Conn) -> dict[str, Fared]:
    cursor = await conn.execute(
        "SELECT connector, asked, failed, last_ok, last_failed, failure, milliseconds, mean_ms, mean_failed, as_of FROM exchange.connector_state"
    )
    return {row[0]: Fared(*row) for row in await cursor.fetchall()}


async def last_drops(conn: Conn) -> dict[str, list[Drop]]:
    """Of each source the last two files, newest first."""
    cursor = await conn.execute(
        "SELECT connector, drop_id, as_of, lines, taken, unknown, refused, received_at FROM (SELECT d.*, row_number() OVER (PARTITION BY d.connector"
        " ORDER BY d.as_of DESC, d.received_at DESC) AS nth FROM exchange.file_drop d) x WHERE nth <= 2 ORDER BY connector, nth"
    )
    found: dict[str, list[Drop]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row[0], []).append(Drop(*row))
    return found
