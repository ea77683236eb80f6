"""Rows of signed confirmations, of opened persons; their state by number; what papers each office still causes."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from psycopg.rows import kwargs_row

from dancu.exchange.models.confirmation import Confirmation, ConfirmationKind
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn

_COLUMNS = (
    "person_key, confirmation_id, kind, issued_at, expires_at, channel, issued_org, demanded_org, demanded_name, procedure,"
    " legal_basis, statement, entry_id, revoked_at, revoked_why"
)


async def insert(conn: Conn, actor: Actor, made: Confirmation) -> None:
    await conn.execute(
        "INSERT INTO exchange.confirmation (person_key, confirmation_id, kind, issued_at, expires_at, channel, issued_by_kind,"
        " issued_by, issued_org, demanded_org, demanded_name, procedure, legal_basis, statement, entry_id)"
        " VALUES (%s::bigint, %s, %s, %s, %s, %s, %s, %s::bigint, %s, %s, %s, %s, %s, %s, %s::bigint)",
        (
            made.person_key, made.confirmation_id, made.kind.value, made.issued_at, made.expires_at, made.channel, actor.kind.value,
            actor.actor_id, made.issued_org, made.demanded_org, made.demanded_name, made.procedure, made.legal_basis,
            made.statement, made.entry_id,
        ),
    )  # fmt: skip


async def lock(conn: Conn, key: int) -> None:
    """One at a time issues for a person, until the transaction ends: of two at the same moment the second finds the first's."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('exchange.confirmation', %s::bigint))", (key,))


async def of_person(conn: Conn, key: int, limit: int = 100) -> list[Confirmation]:
    """Newest first."""
    async with conn.cursor(row_factory=kwargs_row(_confirmation)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM exchange.confirmation WHERE person_key = %s::bigint ORDER BY issued_at DESC LIMIT %s", (key, limit)
        )
        return await cursor.fetchall()


def _confirmation(**row: object) -> Confirmation:
    return Confirmation(**{**row, "kind": ConfirmationKind(row["kind"])})  # type: ignore[arg-type]


async def revoke(conn: Conn, key: int, confirmation_id: str, at: datetime, why: str) -> bool:
    """False where it was revoked before."""
    done = await conn.execute(
        "UPDATE exchange.confirmation SET revoked_at = %s, revoked_why = %s"
        " WHERE person_key = %s::bigint AND confirmation_id = %s AND revoked_at IS NULL",
        (at, why, key, confirmation_id),
    )
    return done.rowcount == 1


async def state(conn: Conn, confirmation_id: str, statement: str) -> tuple[int, str] | None:
    """(whose, "valid" | "expired" | "revoked" | "changed"); None where none of that number was kept with this very text."""
    row = await (
        await conn.execute("SELECT person_key, state, statement_digest FROM exchange.confirmation_state(%s)", (confirmation_id,))
    ).fetchone()
    if row is None or bytes(row[2]) != hashlib.sha256(statement.encode()).digest():
        return None
    return int(row[0]), str(row[1])


async def count_paper(conn: Conn, day: date, org_code: str, org_name: str, procedure: str, what: str) -> None:
    """One more paper that an office caused; `what`: "issued" or "demanded"."""
    await conn.execute(
        "INSERT INTO exchange.paper_tally AS t (day, org_code, org_name, procedure, what) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (day, org_code, org_name, procedure, what) DO UPDATE SET n = t.n + 1",
        (day, org_code, org_name, procedure, what),
    )
