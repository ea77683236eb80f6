"""Rows of calls, quotas, and of what the door knows of programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from dancu.exchange.models.call import Line, System
from dancu.kit.db import Conn

_COLUMNS = (
    "client_no, message_id, org_code, environment, service, digest, verdict, officer, purpose, legal_basis, case_ref, entries, micros"
)


def _values(line: Line) -> tuple[Any, ...]:
    return (
        line.client_no, line.message_id, line.org_code, line.environment, line.service, line.digest, line.verdict, line.officer,
        line.purpose, line.legal_basis, line.case_ref, line.entries, line.micros,
    )  # fmt: skip


async def write(conn: Conn, line: Line) -> bool:
    """One line; False where the program's message id was there already."""
    done = await conn.execute(
        f"INSERT INTO exchange.call ({_COLUMNS}) VALUES (%s::bigint, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT ON CONSTRAINT call_pkey DO NOTHING",
        _values(line),
    )
    return done.rowcount == 1


async def write_many(conn: Conn, lines: Sequence[Line]) -> None:
    """Lines of refused calls, in one statement; a message id that is there already stays as it is."""
    columns = [list(column) for column in zip(*map(_values, lines), strict=True)]
    await conn.execute(
        f"INSERT INTO exchange.call ({_COLUMNS}) SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],"
        " %s::bytea[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::integer[])"
        " ORDER BY 1, 2 ON CONFLICT ON CONSTRAINT call_pkey DO NOTHING",
        columns,
    )


async def unanswered(conn: Conn, counts: Mapping[tuple[str, str, datetime], int]) -> None:
    """Calls we could not answer, by (organisation, service, hour): so many more."""
    rows = sorted(counts.items())
    columns = ([key[0] for key, _ in rows], [key[1] for key, _ in rows], [key[2] for key, _ in rows], [count for _, count in rows])
    await conn.execute(
        "INSERT INTO exchange.unanswered AS u (org_code, service, hour, calls)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::bigint[])"
        " ON CONFLICT (org_code, service, hour) DO UPDATE SET calls = u.calls + excluded.calls",
        columns,
    )


async def seen(conn: Conn, client_no: int, message_id: str) -> bool:
    """Did the program send this message id before?"""
    cursor = await conn.execute(
        "SELECT FROM exchange.call WHERE client_no = %s::bigint AND message_id = %s", (client_no, message_id)
    )
    return await cursor.fetchone() is not None


async def lease(conn: Conn, org_code: str, service: str, day: date, block: int, total: int) -> int:
    """Take up to `block` of what is left of the day's `total`; how many were left to take."""
    cursor = await conn.execute(
        "SELECT exchange.lease(%s, %s, %s, %s::bigint, %s::bigint)", (org_code, service, day, block, total)
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def give_back(conn: Conn, org_code: str, service: str, day: date, calls: int) -> None:
    """Of what was taken so many are not used."""
    await conn.execute(
        "UPDATE exchange.quota SET leased = greatest(0, leased - %s::bigint) WHERE org_code = %s AND service = %s AND day = %s",
        (calls, org_code, service, day),
    )


async def changed(conn: Conn) -> int:
    """A number that is another whenever partners, programs, certificates or agreements are."""
    row = await (await conn.execute("SELECT exchange.changed()")).fetchone()
    return int(row[0]) if row else 0


async def systems(conn: Conn) -> list[System]:
    cursor = await conn.execute(
        "SELECT s.client_no, s.org_code, s.name, s.environment, p.state, (SELECT max(h.until) FROM exchange.hold h WHERE h.client_no = s.client_no"
        " AND h.lifted_at IS NULL AND h.until > now()) FROM exchange.system s JOIN exchange.partner p ON p.org_code = s.org_code"
    )
    return [System(*row) for row in await cursor.fetchall()]


async def held(conn: Conn, client_no: int) -> datetime | None:
    """Until when an alert holds the program; None where none does."""
    row = await (
        await conn.execute(
            "SELECT max(until) FROM exchange.hold WHERE client_no = %s::bigint AND lifted_at IS NULL AND until > now()", (client_no,)
        )
    ).fetchone()
    return row[0] if row else None


async def certificates(conn: Conn) -> list[tuple[bytes, int, bytes, datetime, datetime, bool]]:
    """(thumbprint, client_no, spki, not_before, not_after, revoked) of every certificate that could still be used."""
    cursor = await conn.execute(
        "SELECT thumbprint, client_no, spki, not_before, not_after, revoked_at IS NOT NULL FROM exchange.certificate"
        " WHERE not_after > now() - interval '7 days'"
    )
    return await cursor.fetchall()
