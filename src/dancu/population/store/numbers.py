"""The directory of numbers: who is named by what, and which numbers nobody ever had."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a number that is waited for will rest on."""

    place_code: str
    purpose: str
    legal_basis: str
    document_kind: str
    document_number: str


async def waiting(conn: Conn, code: str, after: int, most: int) -> list[int]:
    """Keys after `after` with an open finding of this kind (role worker)."""
    cursor = await conn.execute(
        "SELECT DISTINCT person_key FROM population.finding WHERE code = %s AND settled_at IS NULL"
        " AND person_key > %s::bigint ORDER BY person_key LIMIT %s",
        (code, after, most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def waits_for(conn: Conn, code: str, person_key: int) -> Waiting | None:
    """The oldest open finding of this kind, as it was noted; None where nobody waits."""
    async with conn.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            "SELECT params->>'place_code' AS place_code, params->>'purpose' AS purpose,"
            " params->>'legal_basis' AS legal_basis, params->>'document_kind' AS document_kind,"
            " source_ref AS document_number FROM population.finding"
            " WHERE person_key = %s::bigint AND code = %s AND settled_at IS NULL ORDER BY finding_id LIMIT 1",
            (person_key, code),
        )
        return await cursor.fetchone()


async def draw(conn: Conn, cell: str, person_key: int, serials: int = 1_000_000) -> str | None:
    """Give an unused number of `cell` to an opened person, in the directory; None when the cell is exhausted.

    Two who draw the same number at once: the unique index lets one in, the other waits for that one's commit
    and draws again. `serials`: size of the space, smaller in tests only.
    """
    while True:
        row = await (await conn.execute("SELECT population.free_number(%s, %s::int)", (cell, serials))).fetchone()
        number: str | None = row[0] if row else None
        if number is None:
            return None
        done = await conn.execute(
            "INSERT INTO population.directory (number, kind, person_key, state)"
            " VALUES (%s, 'personal_id', %s::bigint, 'active') ON CONFLICT DO NOTHING",
            (number, person_key),
        )
        if done.rowcount == 1:
            return number


async def has_free(conn: Conn, cell: str, serials: int = 1_000_000) -> bool:
    """Is there a number of `cell` that nobody ever had? Takes none."""
    row = await (await conn.execute("SELECT population.free_number(%s, %s::int)", (cell, serials))).fetchone()
    return row is not None and row[0] is not None


async def add(conn: Conn, number: str, kind: str, person_key: int, state: str) -> None:
    await conn.execute(
        "INSERT INTO population.directory (number, kind, person_key, state) VALUES (%s, %s, %s::bigint, %s)",
        (number, kind, person_key, state),
    )


async def set_state(conn: Conn, number: str, kind: str, person_key: int, state: str) -> None:
    await conn.execute(
        "UPDATE population.directory SET state = %s WHERE number = %s AND kind = %s AND person_key = %s::bigint",
        (state, number, kind, person_key),
    )


async def lead_to(conn: Conn, number: str, kind: str, was_of: int, person_key: int, state: str, own: int) -> None:
    """Let a number lead to another person. Where it leads there already both rows stay (it names two records
    of one person), and the row of `own` takes the state."""
    done = await conn.execute(
        "UPDATE population.directory d SET state = %(state)s, person_key = %(to)s::bigint"
        " WHERE d.number = %(number)s AND d.kind = %(kind)s AND d.person_key = %(was)s::bigint"
        " AND NOT EXISTS (SELECT FROM population.directory o WHERE o.number = d.number AND o.kind = d.kind"
        "   AND o.person_key = %(to)s::bigint)",
        {"state": state, "to": person_key, "number": number, "kind": kind, "was": was_of},
    )
    if done.rowcount == 0:
        await set_state(conn, number, kind, own, state)


async def of_person(conn: Conn, person_key: int) -> list[tuple[str, str, str]]:
    """(number, kind, state) of every number that leads to an opened person."""
    cursor = await conn.execute(
        "SELECT number, kind, state FROM population.directory WHERE person_key = %s::bigint ORDER BY kind, number",
        (person_key,),
    )
    return await cursor.fetchall()
