"""Who must still be told that a session ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Notice:
    """One client to tell of one session. `sid` is the citizen's session, `tries` how often it failed."""

    person_key: int
    client_no: int
    sid: str
    issuer: str
    tries: int


async def end_session(conn: Conn, person_key: int, sid: str, issuer: str) -> int:
    """End what lives as long as this session and list who must be told; how many."""
    row = await (await conn.execute("SELECT oidc.end_session(%s::bigint, %s, %s)", (person_key, sid, issuer))).fetchone()
    return int(row[0]) if row else 0


async def end_revoked(conn: Conn, since: timedelta) -> int:
    """The same for sessions that ended elsewhere within `since` (role worker)."""
    row = await (await conn.execute("SELECT oidc.end_revoked_sessions(%s::interval)", (since,))).fetchone()
    return int(row[0]) if row else 0


async def end_of_person(conn: Conn, person_key: int) -> int:
    """The same for sessions of an account that moved on (role worker)."""
    row = await (await conn.execute("SELECT oidc.end_sessions_of(%s::bigint)", (person_key,))).fetchone()
    return int(row[0]) if row else 0


async def due(conn: Conn, limit: int) -> list[Notice]:
    """Those whose time has come, locked until the transaction ends (role worker)."""
    cursor = await conn.execute(
        "SELECT person_key, client_no, sid, issuer, tries FROM oidc.logout_notice WHERE done_at IS NULL AND due_at <= now()"
        " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED",
        (limit,),
    )
    return [Notice(*row) for row in await cursor.fetchall()]


async def settle(conn: Conn, notice: Notice, error: str, again: timedelta | None) -> None:
    """Told (`error` empty), to be tried `again` later, or given up (None)."""
    await conn.execute(
        "UPDATE oidc.logout_notice SET tries = tries + 1, error = %s, due_at = now() + coalesce(%s::interval, '0'),"
        " done_at = CASE WHEN %s::interval IS NULL THEN now() END WHERE person_key = %s::bigint AND client_no = %s::bigint AND sid = %s",
        (error[:80], again, again, notice.person_key, notice.client_no, notice.sid),
    )


async def sweep(conn: Conn) -> int:
    """Forget notices that were settled a while ago (role worker)."""
    return (await conn.execute("DELETE FROM oidc.logout_notice WHERE done_at < now() - interval '2 days'")).rowcount
