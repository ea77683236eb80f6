"""Requests whose citizen is elsewhere: devices that wait, and clients that asked by CIBA. Found by digests only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """`request`: the sealed request. `late`: its time is over. `answer`: the citizen's, sealed; "" where none was given."""

    device_digest: bytes
    client_no: int
    request: str
    state: str
    late: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Poll:
    """A client asks again. `hasty`: sooner than it was told to. `answer`: the citizen's, sealed (device), or the approval
    that was asked for (CIBA). `done`: tokens were given."""

    state: str
    answer: str
    request: str
    hasty: bool
    late: bool

    @property
    def done(self) -> bool:
        return self.state == "used"


async def insert_device(conn: Conn, device_digest: bytes, user_digest: bytes, client_no: int, request: str, seconds: int) -> bool:
    """False where the code people type is in use already."""
    cursor = await conn.execute(
        "INSERT INTO oidc.device_grant (device_digest, user_digest, client_no, request, expires_at)"
        " VALUES (%s::bytea, %s::bytea, %s::bigint, %s, now() + make_interval(secs => %s)) ON CONFLICT DO NOTHING",
        (device_digest, user_digest, client_no, request, seconds),
    )
    return cursor.rowcount == 1


async def device_by_user(conn: Conn, user_digest: bytes) -> DeviceGrant | None:
    row = await (
        await conn.execute(
            "SELECT device_digest, client_no, request, state, expires_at < now(), coalesce(answer, '') FROM oidc.device_grant WHERE user_digest = %s::bytea",
            (user_digest,),
        )
    ).fetchone()
    return DeviceGrant(bytes(row[0]), *row[1:]) if row else None


async def decide_device(conn: Conn, device_digest: bytes, state: str, answer: str) -> bool:
    """The citizen's answer; False where there was one, or the time is over."""
    cursor = await conn.execute(
        "UPDATE oidc.device_grant SET state = %s, answer = %s WHERE device_digest = %s::bytea AND state = 'pending' AND expires_at > now()",
        (state, answer, device_digest),
    )
    return cursor.rowcount == 1


async def poll_device(conn: Conn, device_digest: bytes, client_no: int) -> Poll | None:
    """One poll, counted; an approved grant becomes used by it unless it came too soon."""
    row = await (
        await conn.execute(
            """WITH was AS (
                 SELECT device_digest AS id, state, coalesce(polled_at > clock_timestamp() - make_interval(secs => pause), false) AS hasty
                   FROM oidc.device_grant WHERE device_digest = %s::bytea AND client_no = %s::bigint FOR UPDATE)
               UPDATE oidc.device_grant g SET polled_at = clock_timestamp(), pause = least(60, g.pause + CASE WHEN was.hasty THEN 5 ELSE 0 END),
                      state = CASE WHEN g.state = 'approved' AND NOT was.hasty AND g.expires_at > now() THEN 'used' ELSE g.state END
                 FROM was WHERE g.device_digest = was.id
               RETURNING was.state, g.answer, g.request, was.hasty, g.expires_at < now()""",
            (device_digest, client_no),
        )
    ).fetchone()
    return Poll(*row) if row else None


async def insert_request(
    conn: Conn, digest: bytes, approval_id: str, client_no: int, request: str, seconds: int, ping: str
) -> None:
    """`ping`: what proves us to the client's notification address, sealed; "" for a client that polls."""
    await conn.execute(
        "INSERT INTO oidc.backchannel_request (request_digest, approval_id, client_no, request, ping, expires_at)"
        " VALUES (%s::bytea, %s::uuid, %s::bigint, %s, %s, now() + make_interval(secs => %s))",
        (digest, approval_id, client_no, request, ping, seconds),
    )


async def requests_of(conn: Conn, approval_ids: Sequence[UUID]) -> list[tuple[str, int, str]]:
    """(approval, client, sealed request) of those of these approvals that were asked for here and still wait."""
    cursor = await conn.execute(
        "SELECT approval_id::text, client_no, request FROM oidc.backchannel_request"
        " WHERE approval_id = ANY (%s::uuid[]) AND expires_at > now() AND NOT used",
        (list(approval_ids),),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def poll_request(conn: Conn, digest: bytes, client_no: int) -> Poll | None:
    """One poll, counted. `answer` is the approval's id; `use_request` follows where it was approved."""
    row = await (
        await conn.execute(
            """WITH was AS (
                 SELECT request_digest AS id, coalesce(polled_at > clock_timestamp() - make_interval(secs => pause), false) AS hasty
                   FROM oidc.backchannel_request WHERE request_digest = %s::bytea AND client_no = %s::bigint FOR UPDATE)
               UPDATE oidc.backchannel_request g SET polled_at = clock_timestamp(), pause = least(60, g.pause + CASE WHEN was.hasty THEN 5 ELSE 0 END)
                 FROM was WHERE g.request_digest = was.id
               RETURNING CASE WHEN g.used THEN 'used' ELSE 'pending' END, g.approval_id::text, g.request, was.hasty, g.expires_at < now()""",
            (digest, client_no),
        )
    ).fetchone()
    return Poll(*row) if row else None


async def use_request(conn: Conn, digest: bytes) -> bool:
    """True once."""
    cursor = await conn.execute(
        "UPDATE oidc.backchannel_request SET used = true WHERE request_digest = %s::bytea AND NOT used", (digest,)
    )
    return cursor.rowcount == 1


@dataclass(frozen=True, slots=True)
class Ping:
    """A client to be told that its request was answered."""

    digest: bytes
    client_no: int
    sealed: str


async def due_pings(conn: Conn, limit: int) -> list[Ping]:
    """Requests answered, or whose time is over, of clients that want to hear it; four tries, further and further apart
    (role worker)."""
    cursor = await conn.execute(
        "SELECT r.request_digest, r.client_no, r.ping FROM oidc.backchannel_request r"
        " LEFT JOIN accounts.approval a ON a.approval_id = r.approval_id"
        " WHERE r.ping <> '' AND r.tries < 4 AND NOT r.used AND (r.tries = 0 OR r.pinged_at < now() - make_interval(secs => 5 ^ r.tries))"
        " AND (a.state <> 'pending' OR r.expires_at < now()) ORDER BY r.expires_at LIMIT %s FOR UPDATE OF r SKIP LOCKED",
        (limit,),
    )
    return [Ping(bytes(row[0]), row[1], row[2]) for row in await cursor.fetchall()]


async def settle_ping(conn: Conn, digest: bytes, *, done: bool) -> None:
    """Told, or to be tried again later."""
    await conn.execute(
        "UPDATE oidc.backchannel_request SET pinged_at = now(), tries = tries + 1, ping = CASE WHEN %s THEN '' ELSE ping END"
        " WHERE request_digest = %s::bytea",
        (done, digest),
    )


async def sweep(conn: Conn) -> int:
    """Forget what ended an hour ago (role worker)."""
    gone = 0
    for table in ("device_grant", "backchannel_request"):
        gone += (await conn.execute(f"DELETE FROM oidc.{table} WHERE expires_at < now() - interval '1 hour'")).rowcount
    return gone
