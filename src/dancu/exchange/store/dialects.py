"""Messages and subscriptions of outside dialects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dancu.exchange.models.subscription import Subscription
from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription as its dialect knows it. `criteria`: as sent."""

    sender: str
    criteria: dict[str, Any]
    transaction_id: str


@dataclass(frozen=True, slots=True)
class Callback:
    """An answer to be sent. `tries`: how often it was tried in vain."""

    callback_no: int
    sender: str
    message_id: str
    action: str
    url: str
    sealed: bytes
    tries: int
    made_at: datetime


async def keep(conn: Conn, sender: str, message_id: str, transaction_id: str, correlation_id: str, kind: str) -> bool:
    """False where this sender's message came before."""
    cursor = await conn.execute(
        "INSERT INTO exchange.dialect_message (sender, message_id, transaction_id, correlation_id, kind) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (sender, message_id, transaction_id, correlation_id, kind),
    )
    return cursor.rowcount > 0


async def settle(conn: Conn, sender: str, message_id: str, outcome: dict[str, Any]) -> None:
    await conn.execute(
        "UPDATE exchange.dialect_message SET outcome = %s::jsonb WHERE sender = %s AND message_id = %s", (json.dumps(outcome), sender, message_id)
    )


async def forget(conn: Conn, before: datetime, most: int) -> int:
    """Erase up to `most` messages that came before, and as many callbacks of that age that were taken or given up; how many rows."""
    gone = 0
    for statement in (
        "DELETE FROM exchange.dialect_message WHERE ctid = ANY (ARRAY(SELECT ctid FROM exchange.dialect_message WHERE at < %s LIMIT %s))",
        "DELETE FROM exchange.dialect_callback WHERE ctid = ANY (ARRAY(SELECT ctid FROM exchange.dialect_callback"
        " WHERE sealed IS NULL AND made_at < %s LIMIT %s))",
    ):
        gone += (await conn.execute(statement, (before, most))).rowcount
    return gone


async def outcome(conn: Conn, sender: str, kind: str, attribute: str, value: str) -> dict[str, Any] | None:
    """What became of the newest of a sender's messages of this kind. `attribute`: "transaction_id" or "correlation_id"."""
    column = "transaction_id" if attribute == "transaction_id" else "correlation_id"
    row = await (
        await conn.execute(
            f"SELECT outcome FROM exchange.dialect_message WHERE sender = %s AND {column} = %s AND kind = %s AND outcome <> '{{}}' ORDER BY at DESC LIMIT 1",
            (sender, value, kind),
        )
    ).fetchone()
    return row[0] if row else None


async def outcome_holding(conn: Conn, sender: str, kind: str, held: Mapping[str, Any]) -> dict[str, Any] | None:
    """What became of the newest of a sender's messages of this kind whose outcome holds all this."""
    row = await (
        await conn.execute(
            "SELECT outcome FROM exchange.dialect_message WHERE sender = %s AND kind = %s AND outcome @> %s::jsonb ORDER BY at DESC LIMIT 1",
            (sender, kind, json.dumps(held)),
        )
    ).fetchone()
    return row[0] if row else None


async def subscribe(conn: Conn, code: str, sender: str, url: str, criteria: dict[str, Any], transaction_id: str) -> None:
    await conn.execute(
        "INSERT INTO exchange.dialect_subscription (code, sender, url, criteria, transaction_id) VALUES (%s::uuid, %s, %s, %s::jsonb, %s)",
        (code, sender, url, json.dumps(criteria), transaction_id),
    )


async def deliver(
    conn: Conn, sub: Subscription, dialect: str, topics: Sequence[str], about: str, matching: Mapping[str, Any]
) -> None:
    """From now on news goes to this subscription: of these topics, of the person with the reference `about`, holding `matching`."""
    await conn.execute(
        "INSERT INTO exchange.subscription (subscription_id, org_code, client_no, kinds, topics, purpose, legal_basis, mode, url, batch,"
        " place, noted_to, dialect, about, matching) VALUES (%s::uuid, %s, nullif(%s::bigint, 0), %s::text[], %s::text[], %s, %s, %s, %s, %s,"
        " %s::bigint, %s::bigint, %s, %s, %s::jsonb)",
        (
            sub.subscription_id, sub.org_code, sub.client_no, list(sub.kinds), list(topics), sub.purpose, sub.legal_basis, sub.mode.value, sub.url,
            sub.batch, sub.place, sub.place, dialect, about, json.dumps(dict(matching)),
        ),
    )  # fmt: skip


async def subscription(conn: Conn, code: str) -> Kept:
    """What a subscriber asked for. Raises LookupError."""
    row = await (
        await conn.execute("SELECT sender, criteria, transaction_id FROM exchange.dialect_subscription WHERE code = %s::uuid", (code,))
    ).fetchone()
    if row is None:
        raise LookupError("no such subscription of a dialect")
    return Kept(*row)


async def reference(conn: Conn, org_code: str, person_key: int) -> str:
    """The organisation's reference of a person opened in this transaction, to whom there is a relation."""
    row = await (
        await conn.execute("SELECT ref FROM exchange.relation WHERE person_key = %s::bigint AND org_code = %s", (person_key, org_code))
    ).fetchone()
    return str(row[0]) if row else ""


async def told_about(conn: Conn, about: str) -> bool:
    """Is there still a subscription for the person with this reference?"""
    row = await (
        await conn.execute("SELECT EXISTS (SELECT FROM exchange.subscription WHERE about = %s AND state <> 'ended')", (about,))
    ).fetchone()
    return bool(row and row[0])


async def subscribed(conn: Conn, sender: str, criteria: dict[str, Any]) -> bool:
    row = await (
        await conn.execute(
            "SELECT EXISTS (SELECT 1 FROM exchange.dialect_subscription WHERE sender = %s AND ended_at IS NULL AND criteria = %s::jsonb)",
            (sender, json.dumps(criteria)),
        )
    ).fetchone()
    return bool(row and row[0])


async def unsubscribe(conn: Conn, sender: str, code: str) -> str:
    """"ended", "already" or "unknown"."""
    row = await (
        await conn.execute(
            "SELECT ended_at IS NULL FROM exchange.dialect_subscription WHERE sender = %s AND code::text = lower(%s) FOR UPDATE", (sender, code)
        )
    ).fetchone()
    if row is None:
        return "unknown"
    if not row[0]:
        return "already"
    await conn.execute("UPDATE exchange.dialect_subscription SET ended_at = now() WHERE code::text = lower(%s)", (code,))
    return "ended"


async def call_back(conn: Conn, sender: str, message_id: str, action: str, url: str, sealed: bytes) -> None:
    await conn.execute(
        "INSERT INTO exchange.dialect_callback (sender, message_id, action, url, sealed) VALUES (%s, %s, %s, %s, %s)",
        (sender, message_id, action, url, sealed),
    )


async def senders_due(conn: Conn, most: int) -> list[str]:
    """For whom an answer is due, the longest waiting first."""
    cursor = await conn.execute(
        "SELECT sender FROM exchange.dialect_callback WHERE sealed IS NOT NULL AND due_at <= now() GROUP BY sender ORDER BY min(due_at) LIMIT %s",
        (most,),
    )
    return [str(row[0]) for row in await cursor.fetchall()]


async def take_due(conn: Conn, sender: str, lease: timedelta) -> Callback | None:
    """The next answer for a sender that nobody else is sending; it is ours for the time of `lease`."""
    row = await (
        await conn.execute(
            "UPDATE exchange.dialect_callback SET due_at = now() + %s::interval WHERE callback_no = (SELECT callback_no FROM"
            " exchange.dialect_callback WHERE sender = %s AND sealed IS NOT NULL AND due_at <= now() ORDER BY callback_no LIMIT 1"
            " FOR UPDATE SKIP LOCKED) RETURNING callback_no, sender, message_id, action, url, sealed, tries, made_at",
            (lease, sender),
        )
    ).fetchone()
    return Callback(*row) if row else None


async def stopped(conn: Conn, org_code: str) -> bool:
    """Is the partner not live, or does an alert hold one of its programs? Never for "", a name of a demonstration."""
    row = await (
        await conn.execute(
            "SELECT EXISTS (SELECT FROM exchange.partner WHERE org_code = %(org)s AND state <> 'live') OR EXISTS (SELECT FROM exchange.hold h"
            " JOIN exchange.system s USING (client_no) WHERE s.org_code = %(org)s AND h.lifted_at IS NULL AND h.until > now())",
            {"org": org_code},
        )
    ).fetchone()
    return bool(row and row[0])


async def called_back(conn: Conn, callback_no: int) -> None:
    """The sender took its answer."""
    await conn.execute(
        "UPDATE exchange.dialect_callback SET delivered_at = now(), sealed = NULL, error = '' WHERE callback_no = %s::bigint", (callback_no,)
    )


async def call_back_later(conn: Conn, callback_no: int, error: str, pause: timedelta) -> None:
    await conn.execute(
        "UPDATE exchange.dialect_callback SET tries = tries + 1, error = %s, due_at = now() + %s::interval WHERE callback_no = %s::bigint",
        (error[:80], pause, callback_no),
    )


async def give_up(conn: Conn, callback_no: int, error: str) -> None:
    """A dead letter: that the answer was not taken stays known, what it held does not."""
    await conn.execute(
        "UPDATE exchange.dialect_callback SET dead_at = now(), sealed = NULL, error = %s WHERE callback_no = %s::bigint", (error[:80], callback_no)
    )
