"""SQL of the quality room. Rows of persons the gate has not opened stay invisible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.quality.models import Case, CaseState, TimeLimit, Waiting

_CASE = (
    "person_key, case_id, data_group, field, statement, opened_at, answer_due, done_due, legal_basis, state,"
    " answered_at, answered_org, answer, answer_basis"
)


async def time_limit(conn: Conn, kind: str, on: date) -> TimeLimit | None:
    row = await (
        await conn.execute(
            "SELECT answer_working_days, done_days, legal_basis FROM quality.time_limit WHERE kind = %s AND valid @> %s::date",
            (kind, on),
        )
    ).fetchone()
    return TimeLimit(*row) if row else None


async def insert(
    conn: Conn, actor: Actor, key: int, group: str, field: str, statement: str, areas: list[int], at: datetime,
    limit: TimeLimit, answer_due: date, done_due: date, entry_id: int,
) -> int | None:  # fmt: skip
    """The case id; None where the same fact has a waiting case already."""
    row = await (
        await conn.execute(
            "INSERT INTO quality.case (person_key, data_group, field, statement, areas, opened_at, opened_by_kind,"
            " opened_by, answer_due, done_due, legal_basis, entry_id)"
            " VALUES (%s::bigint, %s, %s, %s, %s::int[], %s, %s, %s::bigint, %s, %s, %s, %s::bigint)"
            " ON CONFLICT DO NOTHING RETURNING case_id",
            (key, group, field, statement, areas, at, actor.kind, actor.actor_id, answer_due, done_due, limit.legal_basis, entry_id),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def of_person(conn: Conn, key: int) -> list[Case]:
    rows = await (
        await conn.execute(f"SELECT {_CASE} FROM quality.case WHERE person_key = %s::bigint ORDER BY case_id DESC", (key,))
    ).fetchall()
    return [_case(row) for row in rows]


def _case(row: Sequence[Any]) -> Case:
    values = dict(zip(_CASE.replace(",", "").split(), row, strict=True))
    return Case(**{**values, "state": CaseState(values["state"])})


async def answer(
    conn: Conn, actor: Actor, key: int, case_id: int, state: CaseState, text: str, basis: str, at: datetime, entry_id: int
) -> bool:
    """False where the case is not open (any more)."""
    done = await conn.execute(
        "UPDATE quality.case SET state = %s, answered_at = %s, answered_by = %s::bigint, answered_org = %s, answer = %s,"
        " answer_basis = %s, answer_entry_id = %s::bigint"
        " WHERE person_key = %s::bigint AND case_id = %s::bigint AND state IN ('waiting', 'accepted')",
        (state, at, actor.actor_id, actor.org_code, text, basis or None, entry_id, key, case_id),
    )
    return done.rowcount == 1


async def withdraw(conn: Conn, key: int, case_id: int) -> bool:
    done = await conn.execute(
        "UPDATE quality.case SET state = 'withdrawn' WHERE person_key = %s::bigint AND case_id = %s::bigint AND state = 'waiting'",
        (key, case_id),
    )
    return done.rowcount == 1


async def figures(conn: Conn, actor: Actor) -> tuple[int, int, int]:
    """(waiting, overdue, answered) of the actor's area."""
    row = await (
        await conn.execute(
            "SELECT waiting, overdue, answered FROM quality.figures(%s::bigint, %s::bytea)",
            (actor.actor_id, bytes.fromhex(actor.session_id)),
        )
    ).fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, limit: int) -> list[Waiting]:
    cursor = await conn.execute(
        "SELECT * FROM quality.waiting(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s::int)",
        (
            actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis,
            actor.request_id, actor.channel, limit,
        ),
    )  # fmt: skip
    return [
        Waiting(key, case_id, group, field, opened_at, answer_due, done_due, CaseState(state))
        for key, case_id, group, field, opened_at, answer_due, done_due, state in await cursor.fetchall()
    ]
