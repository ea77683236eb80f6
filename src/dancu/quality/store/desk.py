"""Cases as a desk reaches them: lists, and one case opened, decided and recorded by the database."""

from __future__ import annotations

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.quality.models import CaseKind, CaseState, Waiting


async def cases(conn: Conn, actor: Actor, purpose: Purpose, which: str, limit: int) -> list[Waiting]:
    """`which`: "desk" or "sent"."""
    cursor = await conn.execute(
        "SELECT person_key, case_id, kind, data_group, field, opened_at, answer_due, done_due, state, desk_org, reporter_org,"
        " source, times FROM quality.desk_cases(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s, %s::int)",
        (
            actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis,
            actor.request_id, actor.channel, which, limit,
        ),
    )  # fmt: skip
    return [
        Waiting(key, case_id, CaseKind(kind), group, field, opened_at, answer_due, done_due, CaseState(state), *more)
        for key, case_id, kind, group, field, opened_at, answer_due, done_due, state, *more in await cursor.fetchall()
    ]


async def open_case(conn: Conn, actor: Actor, purpose: Purpose, key: int, case_id: int) -> str:
    """"answer", "read" or "none"; what may be reached is open to the rest of the transaction."""
    row = await (
        await conn.execute(
            "SELECT quality.open_case(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s::bigint, %s::bigint)",
            (
                actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis,
                actor.request_id, actor.channel, key, case_id,
            ),
        )
    ).fetchone()  # fmt: skip
    return str(row[0]) if row else "none"


async def figures(conn: Conn, actor: Actor) -> tuple[int, int, int]:
    """(waiting, overdue, answered) of the actor's area."""
    row = await (
        await conn.execute(
            "SELECT waiting, overdue, answered FROM quality.figures(%s::bigint, %s::bytea)",
            (actor.actor_id, bytes.fromhex(actor.session_id)),
        )
    ).fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)
