"""The outbox: an event is one row in the same transaction as the change it tells of.

Payloads hold keys and kinds only, never names or numbers. The dispatcher (worker) numbers rows after their commit;
a subscriber reads `kit.event` by its cursor, so nothing is skipped and order per person is kept.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dancu.kit.db import Conn
from dancu.kit.reading import Reading

_SPAN = 50_000  # events a subscriber passes in one transaction at most
_LOCK = 0x45564E54  # one dispatcher at a time
# Are there events after the subscriber's cursor? One that is not known yet begins at the first.
_BEHIND = "SELECT coalesce((SELECT max(seq) FROM kit.event), 0) > coalesce((SELECT seq FROM kit.subscription WHERE name = %s), -1)"


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    topic: str
    person_key: int | None
    payload: dict[str, Any]
    at: datetime


async def emit(conn: Conn, topic: str, person_key: int | None, payload: Mapping[str, Any]) -> None:
    """Put one event into the outbox of the current transaction."""
    await conn.execute(
        "INSERT INTO kit.outbox (topic, person_key, payload) VALUES (%s, %s::bigint, %s::jsonb)",
        (topic, person_key, json.dumps(payload, ensure_ascii=False, separators=(",", ":"))),
    )


async def emit_all(conn: Conn, topic: str, payloads: Iterable[Mapping[str, Any]]) -> None:
    """Many events of one kind that concern no single person, in one round trip."""
    written = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in payloads]
    await conn.execute(
        "INSERT INTO kit.outbox (topic, payload) SELECT %s, one FROM unnest(%s::jsonb[]) WITH ORDINALITY AS t (one, nth) ORDER BY nth",
        (topic, written),
    )


async def dispatch_once(conn: Conn, batch: int = 5000) -> int:
    """Number up to `batch` committed outbox rows. Returns how many; 0 also where another dispatcher works.

    Rows of one person are locked by the verb that wrote them, so ids of one person are in commit order; across
    persons order means nothing.
    """
    if not await _any(conn, "SELECT EXISTS (SELECT FROM kit.outbox)"):
        return 0
    async with conn.transaction():
        row = await (await conn.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))).fetchone()
        if not row or not row[0]:
            return 0
        done = await conn.execute(
            """
            WITH taken AS (
                DELETE FROM kit.outbox WHERE id IN (SELECT id FROM kit.outbox ORDER BY id LIMIT %s)
                RETURNING id, topic, person_key, payload, at
            ), head AS (
                UPDATE kit.event_head SET seq = seq + (SELECT count(*) FROM taken) RETURNING seq
            )
            INSERT INTO kit.event (seq, topic, person_key, payload, at)
            SELECT (SELECT seq FROM head) - (SELECT count(*) FROM taken) + row_number() OVER (ORDER BY id),
                   topic, person_key, payload, at
            FROM taken
            """,
            (batch,),
        )
        return done.rowcount


async def consume(
    conn: Conn, name: str, handle: Callable[[Conn, Event], Awaitable[None]], *, topics: frozenset[str], batch: int = 200
) -> int:
    """Hand the next events of `topics` to `handle` and move the cursor of subscriber `name`, in one transaction:
    a handler that writes to this database sees each event exactly once. Returns how many events were passed."""
    if not await _any(conn, _BEHIND, name):
        return 0
    async with conn.transaction():
        await conn.execute("INSERT INTO kit.subscription (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))
        row = await (
            await conn.execute("SELECT seq FROM kit.subscription WHERE name = %s FOR UPDATE SKIP LOCKED", (name,))
        ).fetchone()
        if row is None:
            return 0
        # Only what is wanted is read: after a bulk load that is a handful among hundreds of thousands.
        top = await (
            await conn.execute("SELECT least(coalesce(max(seq), 0), %s::bigint) FROM kit.event", (row[0] + _SPAN,))
        ).fetchone()
        end = int(top[0]) if top else 0
        if end <= row[0]:
            return 0
        rows = await (
            await conn.execute(
                "SELECT seq, topic, person_key, payload, at FROM kit.event"
                " WHERE seq > %s AND seq <= %s AND topic = ANY (%s) ORDER BY seq LIMIT %s",
                (row[0], end, list(topics), batch),
            )
        ).fetchall()
        for event in (Event(*values) for values in rows):
            await handle(conn, event)
        if len(rows) == batch:
            end = rows[-1][0]
        await conn.execute("UPDATE kit.subscription SET seq = %s, moved_at = clock_timestamp() WHERE name = %s", (end, name))
        return int(end - row[0])


async def _any(conn: Conn, look: str, *params: str) -> bool:
    """Is there anything to do? Looked at several times a second, nearly always for nothing: so without a transaction that locks a row
    and waits for the disk. On a connection where the look would begin one, there may be."""
    if not conn.autocommit:
        return True
    row = await (await conn.execute(look, params)).fetchone()
    return row is not None and bool(row[0])


async def readings(conn: Conn) -> list[Reading]:
    """For metrics: events numbered, and how long the oldest has been waiting for its number (roles app, verify)."""
    row = await (await conn.execute("SELECT numbered, oldest_waiting FROM kit.dispatching()")).fetchone()
    if row is None:
        return []
    return [
        Reading("dancu_events", "Events numbered by the dispatcher", float(row[0]), total=True),
        Reading("dancu_events_oldest_waiting_seconds", "Age of the oldest event not yet numbered, 0: none", float(row[1] or 0)),
    ]
