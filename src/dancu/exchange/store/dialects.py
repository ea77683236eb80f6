"""Messages and subscriptions of outside dialects."""

from __future__ import annotations

import json
from typing import Any

from dancu.kit.db import Conn


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


async def outcomes(conn: Conn, sender: str, attribute: str, value: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(kind, transaction id, correlation id, outcome) of a sender's messages, newest first. `attribute`: "transaction_id" or
    "correlation_id"."""
    column = "transaction_id" if attribute == "transaction_id" else "correlation_id"
    cursor = await conn.execute(
        f"SELECT kind, transaction_id, correlation_id, outcome FROM exchange.dialect_message WHERE sender = %s AND {column} = %s ORDER BY at DESC LIMIT 20",
        (sender, value),
    )
    return await cursor.fetchall()


async def subscribe(conn: Conn, code: str, sender: str, url: str, criteria: dict[str, Any]) -> None:
    await conn.execute(
        "INSERT INTO exchange.dialect_subscription (code, sender, url, criteria) VALUES (%s::uuid, %s, %s, %s::jsonb)",
        (code, sender, url, json.dumps(criteria)),
    )


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
