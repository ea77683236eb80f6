"""Sessions by the hash of their token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from psycopg.rows import class_row, scalar_row

from dancu.access.models import Session
from dancu.kit.db import Conn

_LIVE = "s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen + s.idle > now()"
_SHOWN = """encode(s.token_hash, 'hex') AS session_id, s.channel, s.stage, s.persona, s.created_at,
            s.last_seen, s.expires_at, s.network, s.agent"""


@dataclass(frozen=True, slots=True)
class Found:
    """A live session with its actor, as the request needs them."""

    actor_kind: str
    actor_id: int
    org_code: str
    stage: str
    channel: str
    name: str
    permissions: list[str]
    stale: bool


async def insert(
    conn: Conn,
    token_hash: bytes,
    actor_kind: str,
    actor_id: int,
    org_code: str,
    *,
    stage: str,
    channel: str,
    persona: str | None,
    life: timedelta,
    idle: timedelta,
    network: str,
    agent: str,
) -> None:
    await conn.execute(
        """INSERT INTO access.session
               (token_hash, actor_kind, actor_id, org_code, stage, channel, persona, idle, expires_at, network,
                agent)
           VALUES (%s::bytea, %s, %s::bigint, %s, %s, %s, %s, %s, now() + %s, %s, %s)""",
        (token_hash, actor_kind, actor_id, org_code, stage, channel, persona, idle, life, network, agent),
    )


async def live(conn: Conn, token_hash: bytes) -> Found | None:
    """The live session, its actor's name and today's permissions, in one statement."""
    cursor = conn.cursor(row_factory=class_row(Found))
    await cursor.execute(
        f"""SELECT s.actor_kind, s.actor_id, s.org_code, s.stage, s.channel,
                   coalesce(t.display_name, '') AS name,
                   CASE WHEN s.actor_kind = 'citizen' THEN ARRAY['citizen.self']
                        WHEN b.held THEN ARRAY(SELECT r.permission FROM access.staff_right r
                                    WHERE r.staff_id = s.actor_id AND r.until > access.today() AND NOT access.of_citizens(r.permission))
                                    || ARRAY['session.held']
                        ELSE ARRAY(SELECT r.permission FROM access.staff_right r
                                    WHERE r.staff_id = s.actor_id AND r.until > access.today())
                   END AS permissions,
                   s.last_seen < now() - interval '60 seconds' AS stale
              FROM access.session s
              LEFT JOIN access.staff t ON s.actor_kind = 'staff' AND t.staff_id = s.actor_id
              CROSS JOIN LATERAL (SELECT s.actor_kind = 'staff' AND EXISTS (
                  SELECT FROM access.brake b WHERE b.staff_id = s.actor_id AND b.until > now() AND b.lifted_at IS NULL) AS held) b
             WHERE s.token_hash = %s::bytea AND {_LIVE}
               AND (s.actor_kind = 'citizen' OR t.state = 'active'
                    OR (t.state = 'invited' AND s.stage = 'enrol'))""",
        (token_hash,),
    )
    return await cursor.fetchone()


async def touch(conn: Conn, token_hash: bytes) -> None:
    """Note that the session is in use, at most once a minute. An ended one stays ended."""
    await conn.execute("SELECT access.touch_session(%s::bytea)", (token_hash,))


async def revoke(conn: Conn, token_hash: bytes, actor_kind: str, actor_id: int) -> bool:
    """End a session of this actor; False when it is not theirs or has ended."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.revoke_session(%s::bytea, %s, %s::bigint)", (token_hash, actor_kind, actor_id))
    return bool(await cursor.fetchone())


async def revoke_all(conn: Conn, actor_kind: str, actor_id: int, *, but: bytes = b"") -> int:
    """End all sessions of this actor but one; how many ended."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.revoke_sessions(%s, %s::bigint, %s::bytea)", (actor_kind, actor_id, but))
    return int(await cursor.fetchone() or 0)


async def of_actor(conn: Conn, actor_kind: str, actor_id: int) -> list[Session]:
    """The live sessions of one actor, latest use first."""
    cursor = conn.cursor(row_factory=class_row(Session))
    await cursor.execute(
        f"""SELECT {_SHOWN} FROM access.session s
             WHERE s.actor_kind = %s AND s.actor_id = %s::bigint AND {_LIVE}
             ORDER BY s.last_seen DESC""",
        (actor_kind, actor_id),
    )
    return await cursor.fetchall()


async def live_cli(conn: Conn, staff_id: int) -> bytes | None:
    """A command-line session of this person with at least an hour to go."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        f"""SELECT s.token_hash FROM access.session s
             WHERE s.actor_kind = 'staff' AND s.actor_id = %s::bigint AND s.channel = 'cli' AND {_LIVE}
               AND s.expires_at > now() + interval '1 hour' ORDER BY s.created_at DESC LIMIT 1""",
        (staff_id,),
    )
    found = await cursor.fetchone()
    return bytes(found) if found is not None else None


async def sweep(conn: Conn) -> int:
    """Delete sessions that ended over 30 days ago (the evidence log keeps that they began), and counts of persons shown
    by search that no limit looks at any more."""
    await conn.execute("DELETE FROM access.shown WHERE slot < now() - interval '2 days'")
    cursor = await conn.execute(
        """DELETE FROM access.session
            WHERE least(expires_at, coalesce(revoked_at, expires_at)) < now() - interval '30 days'"""
    )
    return cursor.rowcount
