"""Counts for those who steer, rows for officers of the place; both checked and recorded by functions of the database."""

from __future__ import annotations

from datetime import date

from dancu.accounts.models.funnel import Deadline, Listed, Stage
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_WHO = "%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s"


def _who(actor: Actor, purpose: Purpose) -> tuple[object, ...]:
    return (
        actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis,
        actor.request_id, actor.channel,
    )  # fmt: skip


async def stages(conn: Conn, actor: Actor, purpose: Purpose, since: date) -> list[Stage]:
    cursor = await conn.execute(f"SELECT * FROM accounts.funnel({_WHO}, %s::date)", (*_who(actor, purpose), since))
    return [Stage(*row) for row in await cursor.fetchall()]


async def idle(conn: Conn, actor: Actor, since: date) -> list[tuple[int, str, int]]:
    """(commune, reason, accounts)."""
    cursor = await conn.execute(
        "SELECT * FROM accounts.idle(%s::bigint, %s::bytea, %s::date)", (actor.actor_id, bytes.fromhex(actor.session_id), since)
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def listed(
    conn: Conn, actor: Actor, purpose: Purpose, *, unit_id: int | None, week: date | None, channel: str | None, stage: str,
    reason: str | None, limit: int,
) -> list[Listed]:  # fmt: skip
    cursor = await conn.execute(
        f"SELECT * FROM accounts.listed({_WHO}, %s::int, %s::date, %s, %s, %s, %s::int)",
        (*_who(actor, purpose), unit_id, week, channel, stage, reason, limit),
    )
    return [Listed(*row) for row in await cursor.fetchall()]


async def deadlines(conn: Conn, actor: Actor, purpose: Purpose, permission: str) -> list[Deadline]:
    who = _who(actor, purpose)
    cursor = await conn.execute(
        "SELECT * FROM accounts.deadlines(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s)", (*who[:4], permission, *who[4:])
    )
    return [Deadline(*row) for row in await cursor.fetchall()]
