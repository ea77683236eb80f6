"""Rows of visits, captures and tries from the phone. Row security shows those of accounts opened in this transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from dancu.accounts.models.level2 import Capture, CaptureKind, Means, Outcome, Visit, VisitLine, VisitState
from dancu.kit.db import Conn

_VISIT = (
    "v.person_key, v.visit_id, v.office_id, v.channel, v.opened_by, v.opened_at, v.state, v.rule, v.means, v.comparison,"
    " v.circumstances, v.documents, v.card_wanted, v.card_order, v.confirmed_at, v.confirmed_how, v.submitted_at, v.due_on,"
    " v.decided_by, v.decided_at, v.second_by, v.decision, v.assisted, v.guardian_key"
)


async def place_of(conn: Conn, visit_id: int) -> tuple[int, int, int] | None:
    """(person, office, opened by) of a visit by its number; None where there is none."""
    row = await (await conn.execute("SELECT * FROM accounts.visit_place(%s::bigint)", (visit_id,))).fetchone()
    return (row[0], row[1], row[2]) if row else None


async def visit(conn: Conn, key: int, visit_id: int, *, lock: bool = False) -> Visit | None:
    """A visit of an opened account with its captures."""
    row = await (
        await conn.execute(
            f"SELECT {_VISIT} FROM accounts.visit v WHERE v.person_key = %s::bigint AND v.visit_id = %s::bigint"
            f"{' FOR UPDATE' if lock else ''}",
            (key, visit_id),
        )
    ).fetchone()
    if row is None:
        return None
    taken = await (
        await conn.execute(
            "SELECT kind, outcome, score, taken_at FROM accounts.capture WHERE person_key = %s::bigint AND visit_id = %s::bigint"
            " ORDER BY kind DESC",
            (key, visit_id),
        )
    ).fetchall()
    captures = tuple(Capture(CaptureKind(c[0]), Outcome(c[1]), c[2], c[3]) for c in taken)
    values: list[Any] = [
        *row[:6], VisitState(row[6]), row[7], Means(row[8]), row[9], tuple(row[10]), tuple(row[11]), *row[12:], captures,
    ]  # fmt: skip
    return Visit(*values)


async def open_of(conn: Conn, key: int) -> int | None:
    """The visit of this person that is not at its end."""
    row = await (
        await conn.execute(
            "SELECT visit_id FROM accounts.visit WHERE person_key = %s::bigint AND state IN ('open', 'second') ORDER BY visit_id LIMIT 1",
            (key,),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def add_visit(
    conn: Conn, key: int, *, office_id: int, channel: str, opened_by: int, rule: str, means: str,
    comparison: Mapping[str, str], circumstances: Sequence[str], assisted: bool, record_id: str | None = None,
    guardian_key: int | None = None,
) -> int:  # fmt: skip
    row = await (
        await conn.execute(
            "INSERT INTO accounts.visit (person_key, office_id, channel, opened_by, rule, means, comparison, circumstances,"
            " assisted, record_id, guardian_key) VALUES (%s::bigint, %s::bigint, %s, %s::bigint, %s, %s, %s, %s, %s, %s::uuid, %s::bigint)"
            " RETURNING visit_id",
            (
                key, office_id, channel, opened_by, rule, means, Jsonb(dict(comparison)), list(circumstances), assisted, record_id,
                guardian_key,
            ),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def state_more(
    conn: Conn, key: int, visit_id: int, *, stated: bytes | None, documents: Sequence[str], card_wanted: bool
) -> None:
    """What the citizen states. A form confirmed before is to be confirmed again."""
    await conn.execute(
        "UPDATE accounts.visit SET stated = %s, documents = %s, card_wanted = %s, confirmed_at = NULL, confirmed_how = '',"
        " form_digest = NULL WHERE person_key = %s::bigint AND visit_id = %s::bigint",
        (stated, list(documents), card_wanted, key, visit_id),
    )


async def stated(conn: Conn, key: int, visit_id: int) -> bytes | None:
    row = await (
        await conn.execute(
            "SELECT stated FROM accounts.visit WHERE person_key = %s::bigint AND visit_id = %s::bigint", (key, visit_id)
        )
    ).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


async def confirm(conn: Conn, key: int, visit_id: int, how: str, digest: bytes) -> None:
    await conn.execute(
        "UPDATE accounts.visit SET confirmed_at = now(), confirmed_how = %s, form_digest = %s"
        " WHERE person_key = %s::bigint AND visit_id = %s::bigint",
        (how, digest, key, visit_id),
    )


async def form_digest(conn: Conn, key: int, visit_id: int) -> bytes | None:
    row = await (
        await conn.execute(
            "SELECT form_digest FROM accounts.visit WHERE person_key = %s::bigint AND visit_id = %s::bigint", (key, visit_id)
        )
    ).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


async def decide(
    conn: Conn, key: int, visit_id: int, *, state: str, by: int, decision: str, due_on: date | None, circumstances: Sequence[str]
) -> None:
    await conn.execute(
        "UPDATE accounts.visit SET state = %s, decided_by = %s::bigint, decided_at = now(), submitted_at = coalesce(submitted_at, now()),"
        " decision = %s, due_on = coalesce(due_on, %s::date), circumstances = %s WHERE person_key = %s::bigint AND visit_id = %s::bigint",
        (state, by, decision, due_on, list(circumstances), key, visit_id),
    )


async def second(conn: Conn, key: int, visit_id: int, *, state: str, by: int, decision: str) -> None:
    await conn.execute(
        "UPDATE accounts.visit SET state = %s, second_by = %s::bigint, second_at = now(), decision = %s"
        " WHERE person_key = %s::bigint AND visit_id = %s::bigint",
        (state, by, decision, key, visit_id),
    )


async def abandon(conn: Conn, key: int, visit_id: int) -> None:
    await conn.execute(
        "UPDATE accounts.visit SET state = 'abandoned' WHERE person_key = %s::bigint AND visit_id = %s::bigint", (key, visit_id)
    )


async def ordered(conn: Conn, key: int, visit_id: int, order_id: int) -> None:
    await conn.execute(
        "UPDATE accounts.visit SET card_order = %s::bigint WHERE person_key = %s::bigint AND visit_id = %s::bigint",
        (order_id, key, visit_id),
    )


async def keep_capture(
    conn: Conn, key: int, visit_id: int, kind: str, *, image: bytes | None, outcome: str, score: float | None,
    device_id: int | None,
) -> None:  # fmt: skip
    """What a device took; a later take replaces it."""
    await conn.execute(
        "INSERT INTO accounts.capture (person_key, visit_id, kind, image, outcome, score, device_id)"
        " VALUES (%s::bigint, %s::bigint, %s, %s, %s, %s, %s::bigint) ON CONFLICT (person_key, visit_id, kind) DO UPDATE"
        " SET image = excluded.image, outcome = excluded.outcome, score = excluded.score, device_id = excluded.device_id, taken_at = now()",
        (key, visit_id, kind, image, outcome, score, device_id),
    )


async def image(conn: Conn, key: int, visit_id: int, kind: str) -> bytes | None:
    row = await (
        await conn.execute(
            "SELECT image FROM accounts.capture WHERE person_key = %s::bigint AND visit_id = %s::bigint AND kind = %s",
            (key, visit_id, kind),
        )
    ).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


async def forget_images(conn: Conn, key: int, visit_id: int) -> None:
    await conn.execute(
        "UPDATE accounts.capture SET image = NULL WHERE person_key = %s::bigint AND visit_id = %s::bigint AND image IS NOT NULL",
        (key, visit_id),
    )


async def visits_at(conn: Conn, offices: Sequence[int], states: Sequence[str], most: int = 100) -> list[VisitLine]:
    """Visits of offices by state: passed up first, then what falls due."""
    rows = await (
        await conn.execute("SELECT * FROM accounts.visits_at(%s::bigint[], %s::text[], %s)", (list(offices), list(states), most))
    ).fetchall()
    found: list[list[Any]] = [[*row[:4], VisitState(row[4]), *row[5:9], tuple(row[9]), row[10]] for row in rows]
    return [VisitLine(*values) for values in found]


async def add_try(conn: Conn, key: int, *, rule: str, outcome: str, score: float | None) -> None:
    await conn.execute(
        "INSERT INTO accounts.level2_try (person_key, rule, outcome, score) VALUES (%s::bigint, %s, %s, %s)",
        (key, rule, outcome, score),
    )


async def tries_today(conn: Conn, key: int) -> int:
    """How often the face was compared from the phone in the last 24 hours."""
    row = await (
        await conn.execute(
            "SELECT count(*) FROM accounts.level2_try WHERE person_key = %s::bigint AND at > now() - interval '24 hours'"
            " AND outcome IN ('matched', 'differs')",
            (key,),
        )
    ).fetchone()
    return int(row[0]) if row else 0


async def add_application(
    conn: Conn, ref: str, key: int, *, claimed: bytes, channel: str, state: str, rule: str, office_id: int, unit_id: int | None,
    due_on: date, assisted: bool, decided_by: int, second_by: int | None, decision: str,
) -> None:  # fmt: skip
    """The visit as the application it was, decided: counted with those that came from phones."""
    await conn.execute(
        "INSERT INTO accounts.application (ref, person_key, level, channel, state, claimed, rule, office, unit_id, due_on, assisted,"
        " decided_by, decided_at, second_by, second_at, decision, checked_at)"
        " VALUES (%s, %s::bigint, 2, %s, %s, %s, %s, %s, %s::int, %s, %s, %s::bigint, now(), %s::bigint,"
        " CASE WHEN %s::bigint IS NOT NULL THEN now() END, %s, now())",
        (
            ref, key, channel, state, claimed, rule, str(office_id), unit_id, due_on, assisted, decided_by, second_by, second_by,
            decision,
        ),
    )  # fmt: skip


async def escalate(conn: Conn, today: date) -> list[tuple[int, int]]:
    """Mark visits that wait for their second officer past the day and were not passed up yet; (person, visit) (worker)."""
    cursor = await conn.execute(
        "UPDATE accounts.visit SET escalated_at = now() WHERE state = 'second' AND due_on < %s AND escalated_at IS NULL"
        " RETURNING person_key, visit_id",
        (today,),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def leave(conn: Conn, days: int) -> list[tuple[int, int]]:
    """Visits still open after `days` are left, what was taken for them goes; (person, visit) (worker)."""
    cursor = await conn.execute(
        "UPDATE accounts.visit SET state = 'abandoned' WHERE state = 'open' AND opened_at < now() - make_interval(days => %s)"
        " RETURNING person_key, visit_id",
        (days,),
    )
    found = [(row[0], row[1]) for row in await cursor.fetchall()]
    for key, visit_id in found:
        await forget_images(conn, key, visit_id)
    return found
