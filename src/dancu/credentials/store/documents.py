"""SQL of integrated documents and their screens. Rows of persons the gate has not opened stay invisible to the application."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dancu.kit.db import Conn

_DOCUMENT = "person_key, document_id, kind, standing, state, differs, as_of, asked_at, checked_at, tried_at, sealed, reason, number_hash"


async def of_person(conn: Conn, key: int, kind: str | None = None) -> list[tuple[Any, ...]]:
    """Those that were not removed, in the order of asking."""
    cursor = await conn.execute(
        f"SELECT {_DOCUMENT} FROM credentials.document WHERE person_key = %s::bigint AND standing <> 'removed' AND (%s::text IS NULL OR kind = %s)"
        " ORDER BY asked_at, document_id",
        (key, kind, kind),
    )
    return await cursor.fetchall()


async def add(conn: Conn, key: int, document_id: str, kind: str, number_hash: bytes, standing: str, how: str, at: datetime, entry_id: int) -> bool:
    """False where it is there already."""
    done = await conn.execute(
        "INSERT INTO credentials.document (person_key, document_id, kind, number_hash, standing, asked_at, asked_how, changed_at, entry_id)"
        " VALUES (%s::bigint, %s, %s, %s, %s, %s, %s, %s, %s::bigint) ON CONFLICT DO NOTHING",
        (key, document_id, kind, number_hash, standing, at, how, at, entry_id),
    )
    return done.rowcount == 1


async def settle(
    conn: Conn, key: int, document_id: str, *, standing: str, number_hash: bytes, state: str | None, sealed: bytes | None, differs: Sequence[str],
    reason: str, as_of: date | None, checked_at: datetime | None, tried_at: datetime, entry_id: int,
) -> None:  # fmt: skip
    """What its source said. `sealed` and `state` None keep what is known; `checked_at` None: it said nothing."""
    await conn.execute(
        "UPDATE credentials.document SET changed_at = CASE WHEN (standing, state) IS DISTINCT FROM (%(standing)s, coalesce(%(state)s, state))"
        " THEN %(tried)s ELSE changed_at END, standing = %(standing)s, number_hash = %(hash)s, state = coalesce(%(state)s, state),"
        " sealed = coalesce(%(sealed)s, sealed), differs = %(differs)s::text[], reason = %(reason)s, as_of = coalesce(%(as_of)s, as_of),"
        " checked_at = coalesce(%(checked)s, checked_at), tried_at = %(tried)s, entry_id = %(entry)s::bigint"
        " WHERE person_key = %(key)s::bigint AND document_id = %(id)s AND standing <> 'removed'",
        {
            "standing": standing, "hash": number_hash, "state": state, "sealed": sealed, "differs": list(differs), "reason": reason, "as_of": as_of,
            "checked": checked_at, "tried": tried_at, "entry": entry_id, "key": key, "id": document_id,
        },
    )  # fmt: skip


async def remove(conn: Conn, key: int, document_id: str, at: datetime, entry_id: int) -> bool:
    done = await conn.execute(
        "UPDATE credentials.document SET standing = 'removed', changed_at = %s, entry_id = %s::bigint"
        " WHERE person_key = %s::bigint AND document_id = %s AND standing <> 'removed'",
        (at, entry_id, key, document_id),
    )
    return done.rowcount == 1


async def due(conn: Conn, before: datetime, in_vain_before: datetime, limit: int) -> list[tuple[int, str]]:
    """(person, kind) whose source is to be asked again (role worker): those that wait longest first."""
    cursor = await conn.execute(
        "SELECT person_key, kind FROM (SELECT person_key, kind, min(coalesce(tried_at, asked_at)) AS since FROM credentials.document"
        " WHERE standing NOT IN ('removed', 'not_connected') AND (coalesce(tried_at, asked_at) < %s"
        " OR (standing IN ('asked', 'unreachable') AND coalesce(tried_at, asked_at) < %s)) GROUP BY person_key, kind) d ORDER BY since LIMIT %s",
        (before, in_vain_before, limit),
    )
    return [(int(row[0]), str(row[1])) for row in await cursor.fetchall()]


async def add_screen(conn: Conn, key: int, digest: bytes, short_digest: bytes, document_id: str, expires_at: datetime) -> None:
    await conn.execute(
        "INSERT INTO credentials.presentation (person_key, digest, short_digest, document_id, made_at, expires_at)"
        " VALUES (%s::bigint, %s, %s, %s, clock_timestamp(), %s)",
        (key, digest, short_digest, document_id, expires_at),
    )


async def take(
    conn: Conn, staff: int, session: bytes, org: str, digest: bytes | None, typed: bytes
) -> tuple[str, int | None, str | None, datetime | None]:
    """(verdict, person, document, when it was checked) of a shown code, which is used up with it."""
    row = await (
        await conn.execute("SELECT verdict, person_key, document_id::text, used_at FROM credentials.take(%s::bigint, %s, %s, %s, %s)", (staff, session, org, digest, typed))
    ).fetchone()
    return row if row else ("unknown", None, None, None)


async def sweep(conn: Conn, before: datetime) -> int:
    """Forget screens long over (role worker); how many."""
    return (await conn.execute("DELETE FROM credentials.presentation WHERE expires_at < %s", (before,))).rowcount
