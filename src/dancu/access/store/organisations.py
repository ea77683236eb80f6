"""Organisations: a tree with validity."""

from __future__ import annotations

from datetime import date

from psycopg.rows import class_row, scalar_row

from dancu.access.models import Organisation, OrganisationKind, PastOrganisation
from dancu.access.store.constraints import explained
from dancu.kit.db import Conn

_COLUMNS = "org_code, name, name_en, kind, parent, lower(valid) AS valid_from, upper(valid) AS valid_to"


async def add(conn: Conn, org: Organisation) -> None:
    async with explained(conn):
        await conn.execute(
            """INSERT INTO access.organisation (org_code, name, name_en, kind, parent, valid)
               VALUES (%s, %s, %s, %s, %s, daterange(%s, %s))""",
            (org.org_code, org.name, org.name_en, org.kind, org.parent, org.valid_from, org.valid_to),
        )


async def one(conn: Conn, org_code: str) -> Organisation | None:
    cursor = conn.cursor(row_factory=class_row(Organisation))
    await cursor.execute(f"SELECT {_COLUMNS} FROM access.organisation WHERE org_code = %s", (org_code,))
    return await cursor.fetchone()


async def all_of(conn: Conn, under: str | None = None) -> list[Organisation]:
    """Every organisation, or those at and below `under`; parents before children, by code."""
    cursor = conn.cursor(row_factory=class_row(Organisation))
    await cursor.execute(
        f"""WITH RECURSIVE tree AS (
                SELECT o.*, ARRAY[o.org_code] AS path FROM access.organisation o
                 WHERE CASE WHEN %(under)s::text IS NULL THEN o.parent IS NULL ELSE o.org_code = %(under)s END
                UNION ALL
                SELECT o.*, t.path || o.org_code
                  FROM access.organisation o JOIN tree t ON o.parent = t.org_code
                 WHERE o.org_code <> ALL (t.path)
            ) SELECT {_COLUMNS} FROM tree ORDER BY path""",
        {"under": under},
    )
    return [_typed(org) for org in await cursor.fetchall()]


async def chain_up(conn: Conn, org_code: str) -> list[str]:
    """The organisation and those above it, nearest first."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        """WITH RECURSIVE up AS (
               SELECT org_code, parent, 0 AS height FROM access.organisation WHERE org_code = %s
               UNION ALL
               SELECT o.org_code, o.parent, up.height + 1
                 FROM access.organisation o JOIN up ON o.org_code = up.parent
                WHERE up.height < 50
           ) SELECT org_code FROM up ORDER BY height""",
        (org_code,),
    )
    return list(await cursor.fetchall())


async def close(conn: Conn, org_code: str, on: date) -> bool:
    """End the validity on `on`; False when there is no such organisation or it ended before."""
    async with explained(conn):
        cursor = await conn.execute(
            """UPDATE access.organisation SET valid = daterange(lower(valid), greatest(%s::date, lower(valid) + 1))
                WHERE org_code = %s AND (upper_inf(valid) OR upper(valid) > %s)""",
            (on, org_code, on),
        )
    return cursor.rowcount == 1


async def past(conn: Conn, org_code: str) -> list[PastOrganisation]:
    """What it was before, newest first."""
    cursor = conn.cursor(row_factory=class_row(PastOrganisation))
    await cursor.execute(
        """SELECT org_code, name, name_en, parent, lower(valid) AS valid_from, upper(valid) AS valid_to
             FROM access.organisation_past WHERE org_code = %s ORDER BY valid DESC""",
        (org_code,),
    )
    return await cursor.fetchall()


async def lock_tree(conn: Conn) -> None:
    """Keep two changes of the tree apart until the transaction ends: together they could close a ring."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('access.organisation', 0))")


async def change(conn: Conn, org: Organisation, since: date, was: PastOrganisation | None, changed_by: int) -> None:
    """Write name and parent of `org` as of `since`; `was` is kept as what held until then (None: corrected on the very
    day it began, so it never held for a whole day)."""
    async with explained(conn):
        if was is not None:
            await conn.execute(
                """INSERT INTO access.organisation_past (org_code, name, name_en, parent, valid, changed_by)
                   VALUES (%s, %s, %s, %s, daterange(%s, %s), %s::bigint)""",
                (was.org_code, was.name, was.name_en, was.parent, was.valid_from, since, changed_by),
            )
        await conn.execute(
            "UPDATE access.organisation SET name = %s, name_en = %s, parent = %s WHERE org_code = %s",
            (org.name, org.name_en, org.parent, org.org_code),
        )


def _typed(org: Organisation) -> Organisation:
    object.__setattr__(org, "kind", OrganisationKind(org.kind))
    return org
