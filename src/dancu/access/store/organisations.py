"""Organisations: a tree with validity."""

from __future__ import annotations

from datetime import date

from psycopg.rows import class_row, scalar_row

from dancu.access.models import Organisation, OrganisationKind
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


def _typed(org: Organisation) -> Organisation:
    object.__setattr__(org, "kind", OrganisationKind(org.kind))
    return org
