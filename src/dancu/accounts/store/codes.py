"""Codes sent out: one live code per person and use, its digest only."""

from __future__ import annotations

from datetime import datetime

from dancu.kit.db import Conn


async def put(conn: Conn, key: int, use: str, digest: bytes, until: datetime, context: str) -> None:
    """The code in force from now on; the one before is worth nothing any more."""
    await conn.execute(
        "INSERT INTO accounts.code AS c (person_key, use, code_digest, expires_at, context) VALUES (%s::bigint, %s, %s, %s, %s)"
        " ON CONFLICT (person_key, use) DO UPDATE SET code_digest = excluded.code_digest, sent_at = now(),"
        " expires_at = excluded.expires_at, tries = 0, context = excluded.context, used_at = NULL",
        (key, use, digest, until, context),
    )


async def take_try(conn: Conn, key: int, use: str, most: int) -> tuple[bytes, str] | None:
    """Count one try of the live code and give (digest, context) to compare with; None where no try is left. The row stays
    locked, so tries of the same moment are counted one after the other."""
    row = await (
        await conn.execute(
            "UPDATE accounts.code SET tries = tries + 1 WHERE person_key = %s::bigint AND use = %s AND used_at IS NULL"
            " AND expires_at > now() AND tries < %s RETURNING code_digest, context",
            (key, use, most),
        )
    ).fetchone()
    return (bytes(row[0]), row[1]) if row else None


async def use_up(conn: Conn, key: int, use: str, by: bytes | None = None) -> bool:
    done = await conn.execute(
        "UPDATE accounts.code SET used_at = now(), used_by = %s WHERE person_key = %s::bigint AND use = %s AND used_at IS NULL",
        (by, key, use),
    )
    return done.rowcount == 1


async def take_try_again(conn: Conn, key: int, use: str, by: bytes, seconds: int, most: int) -> bytes | None:
    """Count one try of a code that `by` used within the last seconds; its digest, None where there is none."""
    row = await (
        await conn.execute(
            "UPDATE accounts.code SET tries = tries + 1 WHERE person_key = %s::bigint AND use = %s AND used_by = %s"
            " AND used_at > now() - make_interval(secs => %s) AND tries < %s RETURNING code_digest",
            (key, use, by, seconds, most),
        )
    ).fetchone()
    return bytes(row[0]) if row else None
