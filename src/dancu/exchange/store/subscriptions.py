"""Rows of subscriptions, relations and refused events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dancu.exchange.models.subscription import DeadLetter, Mode, News, Subscription
from dancu.kit.db import Conn

_COLUMNS = (
    "subscription_id::text, org_code, coalesce(client_no, 0), kinds, purpose, legal_basis, mode, url, batch, state, place, tries, due_at,"
    " failing_since, delivered_at, delivered, error, created_at, dialect"
)
_SELECT = f"SELECT {_COLUMNS} FROM exchange.subscription"


def _subscription(row: tuple[Any, ...]) -> Subscription:
    values = [*row]
    values[3], values[6] = tuple(row[3]), Mode(row[6])
    return Subscription(*values)


async def insert(conn: Conn, sub: Subscription, topics: Sequence[str], groups: Sequence[str], fields: Sequence[str]) -> None:
    """`fields`: of the agreement, without which nothing is told."""
    await conn.execute(
        "INSERT INTO exchange.subscription (subscription_id, org_code, client_no, kinds, topics, groups, fields, purpose, legal_basis,"
        " mode, url, batch, place, noted_to) VALUES (%s::uuid, %s, %s::bigint, %s::text[], %s::text[], %s::text[], %s::text[], %s, %s, %s, %s,"
        " %s, %s::bigint, %s::bigint)",
        (
            sub.subscription_id, sub.org_code, sub.client_no, list(sub.kinds), list(topics), list(groups), list(fields), sub.purpose,
            sub.legal_basis, sub.mode.value, sub.url, sub.batch, sub.place, sub.place,
        ),
    )  # fmt: skip


async def find(conn: Conn, org_code: str, subscription_id: str) -> Subscription | None:
    row = await (
        await conn.execute(f"{_SELECT} WHERE org_code = %s AND subscription_id = %s::uuid", (org_code, subscription_id))
    ).fetchone()
    return _subscription(row) if row else None


async def of_organisation(conn: Conn, org_code: str) -> list[Subscription]:
    cursor = await conn.execute(f"{_SELECT} WHERE org_code = %s AND state <> 'ended' ORDER BY created_at", (org_code,))
    return [_subscription(row) for row in await cursor.fetchall()]


async def of_program(conn: Conn, org_code: str, client_no: int) -> list[Subscription]:
    """A program's own that are not ended. Until the transaction ends nobody else looks for them: of two at the same moment the second
    finds the first."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('exchange.subscription', %s::bigint))", (client_no,))
    return [one for one in await of_organisation(conn, org_code) if one.client_no == client_no]


async def pushed(conn: Conn) -> list[Subscription]:
    """Every active subscription that is delivered to."""
    cursor = await conn.execute(f"{_SELECT} WHERE mode = 'push' AND state = 'active'")
    return [_subscription(row) for row in await cursor.fetchall()]


async def head(conn: Conn) -> int:
    """The number of the newest event."""
    row = await (await conn.execute("SELECT seq FROM kit.event_head")).fetchone()
    return int(row[0]) if row else 0


async def next_events(conn: Conn, subscription_id: str, after: int, most: int) -> tuple[list[News], int]:
    """(events, the place up to which was searched). The evidence is written with it: commit before anything leaves. Nothing while
    an alert holds the subscription's program: its place is kept."""
    cursor = await conn.execute(
        # OFFSET 0: who is held is asked first, the function writes evidence.
        "SELECT n.seq, n.topic, n.ref, n.payload, n.at FROM (SELECT s.subscription_id AS id FROM exchange.subscription s WHERE s.subscription_id = %s::uuid"
        " AND NOT EXISTS (SELECT FROM exchange.hold h WHERE h.client_no = s.client_no AND h.lifted_at IS NULL AND h.until > now()) OFFSET 0) free"
        " CROSS JOIN LATERAL exchange.next_events(free.id, %s::bigint, %s::int) n",
        (subscription_id, after, most),
    )
    found, upto = [], after
    for row in await cursor.fetchall():
        if row[1] == "":
            upto = row[0]
        else:
            found.append(News(*row))
    return found, upto


async def moved(conn: Conn, subscription_id: str, place: int, delivered: int, taken: Sequence[int] = ()) -> None:
    """Everything up to `place` is with the subscriber. `taken`: the events it took just now; one that it had refused before waits
    for nobody any more."""
    await conn.execute(
        "WITH settled AS (UPDATE exchange.dead_letter SET settled_at = now(), settled_how = 'delivered'"
        " WHERE subscription_id = %s::uuid AND seq = ANY (%s::bigint[]) AND settled_at IS NULL)"
        " UPDATE exchange.subscription SET place = greatest(place, %s::bigint), delivered = delivered + %s::bigint, tries = 0, error = '',"
        " failing_since = NULL, delivered_at = CASE WHEN %s::bigint > 0 THEN now() ELSE delivered_at END WHERE subscription_id = %s::uuid",
        (subscription_id, list(taken), place, delivered, delivered, subscription_id),
    )


async def failed(conn: Conn, subscription_id: str, error: str, pause: timedelta) -> None:
    await conn.execute(
        "UPDATE exchange.subscription SET tries = tries + 1, error = %s, due_at = now() + %s::interval,"
        " failing_since = coalesce(failing_since, now()) WHERE subscription_id = %s::uuid",
        (error[:80], pause, subscription_id),
    )


async def due_now(conn: Conn, subscription_id: str) -> None:
    await conn.execute("UPDATE exchange.subscription SET due_at = now() WHERE subscription_id = %s::uuid", (subscription_id,))


async def set_state(conn: Conn, subscription_id: str, state: str, error: str = "") -> None:
    await conn.execute(
        "UPDATE exchange.subscription SET state = %s, error = %s, due_at = now(), tries = 0, failing_since = NULL WHERE subscription_id = %s::uuid",
        (state, error[:80], subscription_id),
    )


async def replay(conn: Conn, subscription_id: str, place: int) -> None:
    """Go back (never forward) to `place`."""
    await conn.execute(
        "UPDATE exchange.subscription SET place = least(place, %s::bigint), due_at = now() WHERE subscription_id = %s::uuid",
        (place, subscription_id),
    )


async def bury(conn: Conn, subscription_id: str, seq: int, error: str) -> None:
    """Keep an event that the subscriber refused."""
    await conn.execute(
        "INSERT INTO exchange.dead_letter (subscription_id, seq, error) VALUES (%s::uuid, %s::bigint, %s)"
        " ON CONFLICT (subscription_id, seq) DO UPDATE SET error = excluded.error, at = now(), settled_at = NULL, settled_how = NULL",
        (subscription_id, seq, error[:80]),
    )


async def dead_letters(conn: Conn, subscription_id: str, most: int = 100) -> list[DeadLetter]:
    cursor = await conn.execute(
        "SELECT subscription_id::text, seq, error, at, settled_at, settled_how FROM exchange.dead_letter"
        " WHERE subscription_id = %s::uuid ORDER BY settled_at IS NOT NULL, seq LIMIT %s",
        (subscription_id, most),
    )
    return [DeadLetter(*row) for row in await cursor.fetchall()]


async def settle(conn: Conn, subscription_id: str, seq: int, how: str) -> bool:
    cursor = await conn.execute(
        "UPDATE exchange.dead_letter SET settled_at = now(), settled_how = %s WHERE subscription_id = %s::uuid AND seq = %s::bigint"
        " AND settled_at IS NULL",
        (how, subscription_id, seq),
    )
    return cursor.rowcount > 0


async def relate(conn: Conn, org_code: str, pairs: Sequence[tuple[int, str]]) -> int:
    """Keep relations to opened persons; how many are new."""
    cursor = await conn.execute(
        "INSERT INTO exchange.relation (person_key, org_code, ref) SELECT k, %s, r FROM unnest(%s::bigint[], %s::text[]) AS x(k, r)"
        " ON CONFLICT (person_key, org_code) DO NOTHING",
        (org_code, [key for key, _ in pairs], [ref for _, ref in pairs]),
    )
    return cursor.rowcount


async def end_relation(conn: Conn, org_code: str, ref: str) -> bool:
    row = await (await conn.execute("SELECT exchange.end_relation(%s, %s)", (org_code, ref))).fetchone()
    return bool(row and row[0])


async def relations(conn: Conn, org_code: str) -> int:
    row = await (await conn.execute("SELECT exchange.relations(%s)", (org_code,))).fetchone()
    return int(row[0]) if row else 0


async def sole(conn: Conn) -> bool:
    """Is this connection now the one that delivers? Held until it closes: two workers do not deliver the same twice."""
    row = await (await conn.execute("SELECT pg_try_advisory_lock(hashtextextended('exchange.delivery', 0))")).fetchone()
    return bool(row and row[0])


async def waiting_letters(conn: Conn, org_code: str) -> dict[str, int]:
    """Refused events nobody has settled, by subscription."""
    cursor = await conn.execute(
        "SELECT d.subscription_id::text, count(*) FROM exchange.dead_letter d JOIN exchange.subscription s USING (subscription_id)"
        " WHERE s.org_code = %s AND d.settled_at IS NULL GROUP BY 1",
        (org_code,),
    )
    return {str(row[0]): int(row[1]) for row in await cursor.fetchall()}


async def letter(conn: Conn, subscription_id: str, seq: int) -> DeadLetter | None:
    """A refused event that waits to be settled."""
    cursor = await conn.execute(
        "SELECT subscription_id::text, seq, error, at, settled_at, settled_how FROM exchange.dead_letter"
        " WHERE subscription_id = %s::uuid AND seq = %s::bigint AND settled_at IS NULL",
        (subscription_id, seq),
    )
    row = await cursor.fetchone()
    return DeadLetter(*row) if row else None
