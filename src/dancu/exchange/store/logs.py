"""Our calls and partners' own logs of them, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dancu.exchange.models.comparison import Comparison, Night, Ours
from dancu.kit.db import Conn


async def ours(conn: Conn, org_code: str, since: datetime, until: datetime) -> dict[str, Ours]:
    """Calls of an organisation's programs by message id; refused repetitions left out."""
    cursor = await conn.execute(
        "SELECT message_id, at, service, digest, verdict FROM exchange.call"
        " WHERE org_code = %s AND at >= %s AND at < %s AND position('!' IN message_id) = 0",
        (org_code, since, until),
    )
    return {row[0]: Ours(*row[1:]) async for row in cursor}


async def keep_theirs(conn: Conn, org_code: str, rows: Sequence[tuple[date, str, datetime, str, bytes, bool]]) -> None:
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    await conn.execute(
        "INSERT INTO exchange.their_call (org_code, day, message_id, at, service, digest, answered)"
        " SELECT %s, * FROM unnest(%s::date[], %s::text[], %s::timestamptz[], %s::text[], %s::bytea[], %s::boolean[])"
        " ON CONFLICT DO NOTHING",
        (org_code, *columns),
    )


async def to_compare(conn: Conn, before: date) -> list[tuple[str, date]]:
    """Days handed in that are over and were not compared, or handed in again since."""
    cursor = await conn.execute(
        "SELECT DISTINCT t.org_code, t.day FROM exchange.their_call t"
        " LEFT JOIN exchange.comparison c ON c.org_code = t.org_code AND c.day = t.day"
        " WHERE t.day < %s AND (c.compared_at IS NULL OR c.compared_at < now() - interval '20 hours' AND t.day >= %s::date - 3)"
        " ORDER BY 2, 1",
        (before, before),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def theirs(conn: Conn, org_code: str, day: date) -> list[tuple[str, datetime, str, bytes, bool]]:
    cursor = await conn.execute(
        "SELECT message_id, at, service, digest, answered FROM exchange.their_call WHERE org_code = %s AND day = %s", (org_code, day)
    )
    return await cursor.fetchall()


async def near_theirs(conn: Conn, org_code: str, since: datetime, until: datetime) -> set[str]:
    """Message ids in what they handed in, of whichever day."""
    cursor = await conn.execute(
        "SELECT message_id FROM exchange.their_call WHERE org_code = %s AND at >= %s AND at < %s", (org_code, since, until)
    )
    return {row[0] for row in await cursor.fetchall()}


async def keep_comparison(conn: Conn, org_code: str, day: date, made: Comparison) -> None:
    from psycopg.types.json import Jsonb

    await conn.execute(
        "INSERT INTO exchange.comparison AS c (org_code, day, matched, only_ours, only_theirs, different, found)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT ON CONSTRAINT comparison_pkey DO UPDATE SET compared_at = clock_timestamp(),"
        " matched = excluded.matched, only_ours = excluded.only_ours, only_theirs = excluded.only_theirs,"
        " different = excluded.different, found = excluded.found",
        (org_code, day, made.matched, made.only_ours, made.only_theirs, made.different, Jsonb(made.found[:1000])),
    )


async def forget_theirs(conn: Conn, before: date) -> None:
    await conn.execute("DELETE FROM exchange.their_call WHERE day < %s", (before,))


async def nights(conn: Conn, org_code: str, most: int) -> list[Night]:
    """Newest first."""
    cursor = await conn.execute(
        "SELECT org_code, day, compared_at, matched, only_ours, only_theirs, different FROM exchange.comparison WHERE org_code = %s"
        " ORDER BY day DESC LIMIT %s",
        (org_code, most),
    )
    return [Night(*row) for row in await cursor.fetchall()]


async def found(conn: Conn, org_code: str, day: date) -> list[dict[str, Any]] | None:
    """The differences of a day; None where it was not compared."""
    row = await (
        await conn.execute("SELECT found FROM exchange.comparison WHERE org_code = %s AND day = %s", (org_code, day))
    ).fetchone()
    return list(row[0]) if row else None
