"""Rows of cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from dancu.kernel.actor import Actor
from dancu.kit.db import Conn
from dancu.quality.models import Case, CaseKind, CaseState, Opening, TimeLimit

_CASE = (
    "person_key, case_id, kind, data_group, field, statement, opened_at, answer_due, done_due, legal_basis, state,"
    " answered_at, answered_org, answer, answer_basis, desk_org, reporter_org, source, details, times"
)


async def time_limit(conn: Conn, kind: CaseKind, on: date) -> TimeLimit | None:
    row = await (
        await conn.execute(
            "SELECT answer_working_days, done_days, legal_basis FROM quality.time_limit WHERE kind = %s AND valid @> %s::date",
            (kind.value, on),
        )
    ).fetchone()
    return TimeLimit(*row) if row else None


async def insert(
    conn: Conn, actor: Actor, key: int, what: Opening, statement: str, areas: list[int], at: datetime, limit: TimeLimit,
    answer_due: date, done_due: date, entry_id: int,
) -> int | None:  # fmt: skip
    """The case id; None where the same has a waiting case already."""
    row = await (
        await conn.execute(
            "INSERT INTO quality.case (person_key, kind, data_group, field, statement, areas, opened_at, opened_by_kind,"
            " opened_by, answer_due, done_due, legal_basis, entry_id, desk_org, reporter_org, source, ref, details, reports)"
            " VALUES (%s::bigint, %s, %s, %s, %s, %s::int[], %s, %s, %s::bigint, %s, %s, %s, %s::bigint, %s, %s, %s, %s, %s, %s::text[])"
            " ON CONFLICT DO NOTHING RETURNING case_id",
            (
                key, what.kind.value, what.group, what.field, statement, areas, at, actor.kind, actor.actor_id, answer_due,
                done_due, limit.legal_basis, entry_id, what.desk_org or None, what.reporter_org, what.source, what.ref,
                Jsonb(dict(what.details)), [what.report] if what.report else [],
            ),
        )
    ).fetchone()  # fmt: skip
    return int(row[0]) if row else None


async def again(conn: Conn, key: int, what: Opening) -> None:
    """The waiting case of the same was found once more (role worker)."""
    await conn.execute(
        "UPDATE quality.case SET times = times + 1, reports = CASE WHEN %s = '' OR cardinality(reports) >= 1000 THEN reports"
        " ELSE reports || %s::text END WHERE person_key = %s::bigint AND kind = %s AND data_group = %s AND field = %s"
        " AND coalesce(desk_org, '') = %s AND state = 'waiting'",
        (what.report, what.report, key, what.kind.value, what.group, what.field, what.desk_org),
    )


async def reported(conn: Conn, names: Sequence[str]) -> list[tuple[str, int, int]]:
    """(name, person, case id) of the cases that programs filed under these names; the persons are not open yet."""
    cursor = await conn.execute("SELECT report, person_key, case_id FROM quality.reported(%s::text[]) ORDER BY case_id", (list(names),))
    return await cursor.fetchall()


async def reword(conn: Conn, key: int, ref: str, statement: str, source: str) -> None:
    """What the waiting case of this row says (role worker); `source` "" leaves it as it is."""
    await conn.execute(
        "UPDATE quality.case SET statement = %s, source = coalesce(nullif(%s, ''), source)"
        " WHERE person_key = %s::bigint AND ref = %s AND state = 'waiting'",
        (statement, source, key, ref),
    )


async def of_person(conn: Conn, key: int) -> list[Case]:
    rows = await (
        await conn.execute(f"SELECT {_CASE} FROM quality.case WHERE person_key = %s::bigint ORDER BY case_id DESC", (key,))
    ).fetchall()
    return [_case(row) for row in rows]


async def one(conn: Conn, key: int, case_id: int) -> Case | None:
    row = await (
        await conn.execute(
            f"SELECT {_CASE} FROM quality.case WHERE person_key = %s::bigint AND case_id = %s::bigint", (key, case_id)
        )
    ).fetchone()
    return _case(row) if row else None


def _case(row: Sequence[Any]) -> Case:
    values = dict(zip(_CASE.replace(",", "").split(), row, strict=True))
    return Case(**{**values, "kind": CaseKind(values["kind"]), "state": CaseState(values["state"])})


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
