"""Rows of locks, and the end of what a lock ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from dancu.accounts.models.locks import Ground, Lock, LockState, WaitingLock
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_COLUMNS = (
    "person_key", "lock_id", "ground", "state", "asked_by", "asked_org", "asked_at", "due_on", "reason", "decided_by",
    "decided_at", "decision", "lifted_by", "lifted_at", "lifted_reason",
)  # fmt: skip
_LOCK = ", ".join(_COLUMNS)


def _lock(row: Sequence[Any]) -> Lock:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Lock(**{**values, "ground": Ground(values["ground"]), "state": LockState(values["state"])})


async def of(conn: Conn, key: int) -> list[Lock]:
    """All locks of an opened account, newest first."""
    rows = await (
        await conn.execute(f"SELECT {_LOCK} FROM accounts.lock WHERE person_key = %s::bigint ORDER BY lock_id DESC", (key,))
    ).fetchall()
    return [_lock(row) for row in rows]


async def add(
    conn: Conn, key: int, ground: Ground, state: LockState, *, asked_by: int | None, asked_org: str, reason: str,
    due_on: date | None = None,
) -> int | None:  # fmt: skip
    """The lock's id; None where one of this ground waits or stands already."""
    row = await (
        await conn.execute(
            "INSERT INTO accounts.lock (person_key, ground, state, asked_by, asked_org, reason, due_on)"
            " VALUES (%s::bigint, %s, %s, %s::bigint, %s, %s, %s::date)"
            " ON CONFLICT (person_key, ground) WHERE state IN ('requested', 'standing') DO NOTHING RETURNING lock_id",
            (key, ground, state, asked_by, asked_org, reason, due_on),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def decide(conn: Conn, key: int, lock_id: int, state: LockState, *, by: int, decision: str) -> bool:
    """False where the request is not waiting (any more)."""
    done = await conn.execute(
        "UPDATE accounts.lock SET state = %s, decided_by = %s::bigint, decided_at = now(), decision = %s"
        " WHERE person_key = %s::bigint AND lock_id = %s::bigint AND state = 'requested'",
        (state, by, decision, key, lock_id),
    )
    return done.rowcount == 1


async def lift(conn: Conn, key: int, grounds: Sequence[Ground], *, by: int | None, reason: str) -> int:
    """How many standing locks of these grounds ended."""
    done = await conn.execute(
        "UPDATE accounts.lock SET state = 'lifted', lifted_by = %s::bigint, lifted_at = now(), lifted_reason = %s"
        " WHERE person_key = %s::bigint AND ground = ANY (%s) AND state = 'standing'",
        (by, reason, key, [ground.value for ground in grounds]),
    )
    return done.rowcount


async def end_sign_ins(conn: Conn, key: int) -> None:
    """Nothing that was signed in counts any more."""
    await conn.execute("UPDATE accounts.sign_in SET ended_at = now() WHERE person_key = %s::bigint AND ended_at IS NULL", (key,))


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, limit: int) -> list[WaitingLock]:
    """Requests that wait for a decision of the actor's organisation, due first on top; each person listed is an entry."""
    cursor = await conn.execute(
        "SELECT * FROM accounts.locks_waiting(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s::int)", whose(actor, purpose, limit)
    )
    return [WaitingLock(*row) for row in await cursor.fetchall()]


def whose(actor: Actor, purpose: Purpose, limit: int) -> tuple[Any, ...]:
    """Actor and purpose as the list functions take them."""
    return (
        actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis,
        actor.request_id, actor.channel, limit,
    )  # fmt: skip


async def escalate(conn: Conn, today: date) -> list[tuple[int, int]]:
    """Mark requests nobody decided in time and that were not passed up yet; (person, lock) (worker)."""
    cursor = await conn.execute(
        "UPDATE accounts.lock SET escalated_at = now() WHERE state = 'requested' AND due_on < %s AND escalated_at IS NULL"
        " RETURNING person_key, lock_id",
        (today,),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def usable_despite(conn: Conn, keys: Sequence[int], ground: Ground) -> list[int]:
    """Those of `keys` whose account is not closed and has no lock of this ground (worker)."""
    cursor = await conn.execute(
        "SELECT a.person_key FROM accounts.account a WHERE a.person_key = ANY (%s::bigint[]) AND a.state <> 'closed' AND NOT EXISTS"
        " (SELECT FROM accounts.lock l WHERE l.person_key = a.person_key AND l.ground = %s AND l.state = 'standing')",
        (list(keys), ground.value),
    )
    return [row[0] for row in await cursor.fetchall()]


async def locked_by(conn: Conn, ground: Ground, after: int, limit: int) -> list[int]:
    """Persons above `after`, in order, of whom a lock of this ground stands (worker)."""
    cursor = await conn.execute(
        "SELECT l.person_key FROM accounts.lock l WHERE l.ground = %s AND l.state = 'standing' AND l.person_key > %s::bigint"
        " ORDER BY l.person_key LIMIT %s",
        (ground.value, after, limit),
    )
    return [row[0] for row in await cursor.fetchall()]


async def dead_since(conn: Conn, days: int, limit: int = 500) -> list[int]:
    """Accounts locked by a death for that many days and not closed (worker)."""
    cursor = await conn.execute(
        "SELECT l.person_key FROM accounts.lock l JOIN accounts.account a USING (person_key) WHERE l.state = 'standing'"
        " AND l.ground = 'death' AND l.asked_at < now() - make_interval(days => %s) AND a.state <> 'closed' LIMIT %s",
        (days, limit),
    )
    return [row[0] for row in await cursor.fetchall()]
