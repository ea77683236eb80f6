"""Codes sent out: one live code per person and use, its digest only."""

from __future__ import annotations

from datetime import datetime

from dancu.kit.db import Conn


async def put(
    conn: Conn, key: int, use: str, digest: bytes, until: datetime, context: str, *, digits: int = 6, tries_stay: bool = False
) -> None:
    """The code in force from now on; the one before is worth nothing any more. `tries_stay`: its failures count on."""
    await conn.execute(
        "INSERT INTO accounts.code AS c (person_key, use, code_digest, expires_at, context, digits)"
        " VALUES (%s::bigint, %s, %s, %s, %s, %s::smallint)"
        " ON CONFLICT (person_key, use) DO UPDATE SET code_digest = excluded.code_digest, sent_at = now(),"
        " expires_at = excluded.expires_at, tries = CASE WHEN %s THEN c.tries ELSE 0 END, context = excluded.context,"
        " used_at = NULL, digits = excluded.digits",
        (key, use, digest, until, context, digits, tries_stay),
    )


async def tries(conn: Conn, key: int, use: str) -> int:
    """How often the code in force, and those it followed with `tries_stay`, were tried."""
    row = await (
        await conn.execute("SELECT tries FROM accounts.code WHERE person_key = %s::bigint AND use = %s", (key, use))
    ).fetchone()
    return int(row[0]) if row else 0


async def spent(conn: Conn, key: int, use: str, most: int) -> bool:
    """Whether a live code of six digits has no try left. The row stays locked: of many who find it so at the same moment one sends the
    code that follows, and the others find that one."""
    row = await (
        await conn.execute(
            "SELECT 1 FROM accounts.code WHERE person_key = %s::bigint AND use = %s AND used_at IS NULL"
            " AND expires_at > now() AND digits = 6 AND tries >= %s FOR UPDATE",
            (key, use, most),
        )
    ).fetchone()
    return row is not None


async def take_try(conn: Conn, key: int, use: str, most: int, most_long: int = 0) -> tuple[bytes, str] | None:
    """Count one try of the live code and give (digest, context) to compare with; None where no try is left: `most` of a code of
    six digits, `most_long` of a longer one. The row stays locked, so tries of the same moment are counted one after the other."""
    row = await (
        await conn.execute(
            "UPDATE accounts.code SET tries = tries + 1 WHERE person_key = %s::bigint AND use = %s AND used_at IS NULL"
            " AND expires_at > now() AND tries < CASE WHEN digits > 6 THEN %s ELSE %s END RETURNING code_digest, context",
            (key, use, most_long, most),
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
