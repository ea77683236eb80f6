"""Organisations' accounts and mandates. A mandate is seen when its holder's account is open, or by the representative."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from dancu.accounts.models.organisation import Mandate, Organisation, OrganisationState, Standing
from dancu.kit.db import Conn

_ORGANISATION = "organisation_no, tax_code, name, state, unit_id, in_databases, submitted_at, due_on, decision"


def _organisation(row: Sequence[Any]) -> Organisation:
    return Organisation(row[0], row[1], row[2], OrganisationState(row[3]), *row[4:])


def _mandate(row: Sequence[Any]) -> Mandate:
    key, mandate_id, organisation_no, kind, powers, since, until, given_at, ended_at = row
    return Mandate(key, mandate_id, organisation_no, kind, tuple(powers), since, until, given_at, ended_at)


async def insert(conn: Conn, *, tax_code: str, name: str, unit_id: int | None, in_databases: bool, due_on: date) -> int | None:
    """Its number; None where the tax code has an account or one that waits."""
    row = await (
        await conn.execute(
            "INSERT INTO accounts.organisation (tax_code, name, unit_id, in_databases, due_on) VALUES (%s, %s, %s::int, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING organisation_no",
            (tax_code, name, unit_id, in_databases, due_on),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def organisation(conn: Conn, organisation_no: int) -> Organisation | None:
    row = await (
        await conn.execute(f"SELECT {_ORGANISATION} FROM accounts.organisation WHERE organisation_no = %s::bigint", (organisation_no,))
    ).fetchone()
    return _organisation(row) if row else None


async def waiting(conn: Conn, limit: int = 100) -> list[Organisation]:
    cursor = await conn.execute(
        f"SELECT {_ORGANISATION} FROM accounts.organisation WHERE state = 'waiting' ORDER BY due_on, organisation_no LIMIT %s", (limit,)
    )
    return [_organisation(row) for row in await cursor.fetchall()]


async def representatives(conn: Conn, organisations: Sequence[int]) -> dict[int, int]:
    """Who asked for the accounts of these organisations, of those that wait: organisation -> person key."""
    cursor = await conn.execute("SELECT organisation_no, person_key FROM accounts.representatives_of(%s::bigint[])", (list(organisations),))
    return dict(await cursor.fetchall())


async def decide(conn: Conn, organisation_no: int, state: OrganisationState, by: int, decision: str) -> bool:
    done = await conn.execute(
        "UPDATE accounts.organisation SET state = %s, decided_by = %s::bigint, decided_at = now(), decision = %s"
        " WHERE organisation_no = %s::bigint AND state = 'waiting'",
        (state.value, by, decision, organisation_no),
    )
    return done.rowcount == 1


async def give(
    conn: Conn, key: int, organisation_no: int, *, kind: str, powers: Sequence[str], since: date, until: date | None, by: int | None
) -> bool:
    """False where this person holds a mandate of the organisation already."""
    done = await conn.execute(
        "INSERT INTO accounts.mandate (person_key, organisation_no, kind, powers, valid, given_by)"
        " VALUES (%s::bigint, %s::bigint, %s, %s, daterange(%s, %s), %s::bigint) ON CONFLICT DO NOTHING",
        (key, organisation_no, kind, list(powers), since, until, by),
    )
    return done.rowcount == 1


async def end(conn: Conn, key: int, mandate_id: int, organisation_no: int) -> bool:
    done = await conn.execute(
        "UPDATE accounts.mandate SET ended_at = now() WHERE person_key = %s::bigint AND mandate_id = %s::bigint"
        " AND organisation_no = %s::bigint AND kind = 'staff' AND ended_at IS NULL",
        (key, mandate_id, organisation_no),
    )
    return done.rowcount == 1


async def of_person(conn: Conn, key: int) -> list[Mandate]:
    """Mandates of an opened person."""
    cursor = await conn.execute(
        "SELECT person_key, mandate_id, organisation_no, kind, powers, lower(valid), upper(valid), given_at, ended_at"
        " FROM accounts.mandate WHERE person_key = %s::bigint ORDER BY mandate_id",
        (key,),
    )
    return [_mandate(row) for row in await cursor.fetchall()]


async def standings(conn: Conn, key: int, day: date) -> list[Standing]:
    """What an opened person holds that day, of organisations in use; what several mandates of one give is one."""
    cursor = await conn.execute(
        "SELECT o.tax_code, o.name, bool_or(m.kind = 'representative'), array_agg(DISTINCT p ORDER BY p)"
        " FROM accounts.mandate m JOIN accounts.organisation o USING (organisation_no) CROSS JOIN unnest(m.powers) AS p"
        " WHERE m.person_key = %s::bigint AND m.ended_at IS NULL AND m.valid @> %s::date AND o.state = 'active'"
        " GROUP BY o.organisation_no ORDER BY o.tax_code",
        (key, day),
    )
    return [Standing(tax_code, name, head, tuple(powers)) for tax_code, name, head, powers in await cursor.fetchall()]


async def of_organisation(conn: Conn, organisation_no: int, representative: int) -> list[Mandate]:
    """All mandates, for the representative whose account is open; nothing for anybody else."""
    cursor = await conn.execute(
        "SELECT person_key, mandate_id, %s::bigint, kind, powers, lower(valid), upper(valid), given_at, ended_at"
        " FROM accounts.mandates_of(%s::bigint, %s::bigint)",
        (organisation_no, organisation_no, representative),
    )
    return [_mandate(row) for row in await cursor.fetchall()]
