"""Applications. Row security shows those opened for whoever asks (`open_by_ref`, `look`) and those of opened persons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from dancu.accounts.models.application import Application, ApplicationState, Waiting
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_COLUMNS = (
    "application_id", "ref", "person_key", "level", "channel", "state", "reasons", "findings", "rule", "unit_id", "assisted",
    "guardian_key", "language", "submitted_at", "due_on", "escalated_at", "decided_at", "decision",
)  # fmt: skip


def _application(row: Sequence[Any]) -> Application:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Application(**{**values, "state": ApplicationState(values["state"]), "reasons": tuple(values["reasons"])})


async def insert(
    conn: Conn, ref: str, *, claimed: bytes, portrait: bytes | None, phone_index: bytes | None, language: str, rule: str,
    due_on: date, level: int, channel: str, assisted: bool, guardian_key: int | None, findings: dict[str, Any],
) -> bool:  # fmt: skip
    """A new application of nobody yet: whom it concerns the check finds out. False where the reference is there already."""
    done = await conn.execute(
        "INSERT INTO accounts.application (ref, level, channel, state, claimed, portrait, phone_index, language, rule, due_on,"
        " assisted, guardian_key, findings) VALUES (%s, %s, %s, 'submitted', %s, %s, %s, %s, %s, %s, %s, %s::bigint, %s)"
        " ON CONFLICT DO NOTHING",
        (ref, level, channel, claimed, portrait, phone_index, language, rule, due_on, assisted, guardian_key, Jsonb(findings)),
    )
    return done.rowcount == 1


async def open_by_ref(conn: Conn, ref: str) -> int | None:
    """Open the application with this reference; its id, None where there is none."""
    row = await (await conn.execute("SELECT accounts.open_application(%s)", (ref,))).fetchone()
    return int(row[0]) if row and row[0] is not None else None


async def look(conn: Conn, actor: Actor, purpose: Purpose, application_id: int, permission: str) -> str:
    """Ask for an application as an officer; opened where the word is 'ok'. An entry either way."""
    row = await (
        await conn.execute(
            "SELECT accounts.look_at_application(%s, %s::bigint, %s, %s::bytea, %s::bigint, %s, %s, %s, %s, %s)",
            (
                actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), application_id, permission,
                purpose.code, purpose.legal_basis, actor.request_id, actor.channel,
            ),
        )
    ).fetchone()  # fmt: skip
    return str(row[0]) if row else "not_found"


async def application(conn: Conn, application_id: int, *, lock: bool = False) -> Application | None:
    row = await (
        await conn.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM accounts.application WHERE application_id = %s::bigint{' FOR UPDATE' if lock else ''}",
            (application_id,),
        )
    ).fetchone()
    return _application(row) if row else None


async def claimed(conn: Conn, application_id: int) -> tuple[bytes, bytes | None]:
    """(claim, portrait), both encrypted."""
    row = await (
        await conn.execute("SELECT claimed, portrait FROM accounts.application WHERE application_id = %s::bigint", (application_id,))
    ).fetchone()
    return (bytes(row[0]), bytes(row[1]) if row[1] is not None else None) if row else (b"", None)


async def another_open(conn: Conn, key: int, application_id: int) -> bool:
    """Has this opened person another application that waits?"""
    row = await (
        await conn.execute(
            "SELECT EXISTS (SELECT FROM accounts.application WHERE person_key = %s::bigint AND application_id <> %s::bigint"
            " AND state IN ('waiting', 'second'))",
            (key, application_id),
        )
    ).fetchone()
    return bool(row and row[0])


async def checked(
    conn: Conn, application_id: int, *, key: int, state: ApplicationState, reasons: Sequence[str], findings: dict[str, Any],
    areas: Sequence[int], unit_id: int | None,
) -> None:  # fmt: skip
    await conn.execute(
        "UPDATE accounts.application SET person_key = %s::bigint, state = %s, reasons = %s, findings = %s, areas = %s::int[],"
        " unit_id = %s::int, checked_at = now() WHERE application_id = %s::bigint",
        (key, state.value, list(reasons), Jsonb(findings), list(areas), unit_id, application_id),
    )


async def decide(conn: Conn, application_id: int, state: ApplicationState, *, by: int, decision: str) -> bool:
    """False where the application is not waiting (any more)."""
    done = await conn.execute(
        "UPDATE accounts.application SET state = %s, decided_by = %s::bigint, decided_at = now(), decision = %s"
        " WHERE application_id = %s::bigint AND state IN ('submitted', 'waiting')",
        (state.value, by, decision, application_id),
    )
    return done.rowcount == 1


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, limit: int) -> list[Waiting]:
    cursor = await conn.execute(
        "SELECT * FROM accounts.waiting(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s::int)",
        (
            actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis,
            actor.request_id, actor.channel, limit,
        ),
    )  # fmt: skip
    return [
        Waiting(key, ref, person, level, way, ApplicationState(state), tuple(reasons), at, due_on, escalated_at, assisted)
        for key, ref, person, level, way, state, reasons, at, due_on, escalated_at, assisted in await cursor.fetchall()
    ]


async def escalate(conn: Conn, today: date) -> list[tuple[int, list[int]]]:
    """Mark what is overdue and not passed up yet; (application, areas) of each (worker)."""
    cursor = await conn.execute(
        "UPDATE accounts.application SET escalated_at = now() WHERE state IN ('submitted', 'waiting', 'second')"
        " AND due_on < %s AND escalated_at IS NULL RETURNING application_id, areas",
        (today,),
    )
    return [(row[0], list(row[1])) for row in await cursor.fetchall()]


async def unchecked(conn: Conn, limit: int = 200) -> list[str]:
    """References of applications whose check has not come through for a while (worker)."""
    cursor = await conn.execute(
        "SELECT ref FROM accounts.application WHERE state = 'submitted' AND submitted_at < now() - interval '2 minutes'"
        " ORDER BY application_id LIMIT %s",
        (limit,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def drop_portraits(conn: Conn, days: int) -> int:
    """Portraits of applications decided longer ago than that (worker)."""
    done = await conn.execute(
        "UPDATE accounts.application SET portrait = NULL WHERE portrait IS NOT NULL AND decided_at < now() - make_interval(days => %s)",
        (days,),
    )
    return done.rowcount
