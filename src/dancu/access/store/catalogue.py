"""The catalogue's tables: written at migration, read by the gate and by lists."""

from __future__ import annotations

from collections.abc import Container, Iterable

from psycopg.rows import scalar_row

from dancu.access.models import LegalBasis, Permission, Purpose, PurposeRule, ReadingLimit, Role
from dancu.kit.db import Conn


async def write(
    conn: Conn,
    permissions: Iterable[Permission],
    roles: Iterable[Role],
    laws: Iterable[LegalBasis],
    purposes: Iterable[Purpose],
    rules: Iterable[PurposeRule],
    limits: Iterable[ReadingLimit],
    alone: Container[str],
) -> None:
    """Make the tables equal to the catalogue. Codes that left it lose what they allow; their names stay,
    since the evidence log and old assignments speak of them. An installation's own limits of reading stay. `alone`: roles that
    are held beside no other."""
    roles, limits = list(roles), list(limits)
    async with conn.cursor() as cursor:
        await cursor.execute("DELETE FROM access.purpose_rule")
        await cursor.execute("DELETE FROM access.role_permission")
        await cursor.executemany(
            """INSERT INTO access.permission (code, name, name_en, area_bound) VALUES (%s, %s, %s, %s)
               ON CONFLICT (code) DO UPDATE
                  SET name = excluded.name, name_en = excluded.name_en, area_bound = excluded.area_bound""",
            [(p.code, p.name, p.name_en, p.area_bound) for p in permissions],
        )
        await cursor.executemany(
            """INSERT INTO access.role (code, name, name_en, alone) VALUES (%s, %s, %s, %s)
               ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, alone = excluded.alone""",
            [(r.code, r.name, r.name_en, r.code in alone) for r in roles],
        )
        await cursor.executemany(
            "INSERT INTO access.role_permission (role, permission) VALUES (%s, %s)",
            [(r.code, permission) for r in roles for permission in sorted(r.permissions)],
        )
        await cursor.executemany(
            """INSERT INTO access.legal_basis (code, name, name_en, valid, certainty, note)
               VALUES (%s, %s, %s, daterange(%s, %s), %s, %s)
               ON CONFLICT (code) DO UPDATE
                  SET name = excluded.name, name_en = excluded.name_en, valid = excluded.valid,
                      certainty = excluded.certainty, note = excluded.note""",
            [(law.code, law.name, law.name_en, law.valid_from, law.valid_to, law.certainty, law.note) for law in laws],
        )
        await cursor.executemany(
            """INSERT INTO access.purpose (code, name, name_en, ordinal, valid)
               VALUES (%s, %s, %s, %s, daterange(%s, %s))
               ON CONFLICT (code) DO UPDATE
                  SET name = excluded.name, name_en = excluded.name_en, ordinal = excluded.ordinal,
                      valid = excluded.valid""",
            [(p.code, p.name, p.name_en, n, p.valid_from, p.valid_to) for n, p in enumerate(purposes)],
        )
        await cursor.executemany(
            """INSERT INTO access.purpose_rule (purpose, permission, basis, valid)
               VALUES (%s, %s, %s, daterange(%s, %s))""",
            [(r.purpose, r.permission, r.basis, r.valid_from, r.valid_to) for r in rules],
        )
        await cursor.execute("DELETE FROM access.reading_limit WHERE role <> ALL (%s)", ([one.role for one in limits],))
        await cursor.executemany(
            """INSERT INTO access.reading_limit (role, persons_hour, persons_day, usual_day) VALUES (%s, %s, %s, %s)
               ON CONFLICT (role) DO UPDATE
                  SET persons_hour = excluded.persons_hour, persons_day = excluded.persons_day,
                      usual_day = excluded.usual_day""",
            [(one.role, one.hour, one.day, one.usual) for one in limits],
        )


async def purpose_ok(conn: Conn, code: str, legal_basis: str, permission: str) -> bool:
    """What the gate would say today."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.purpose_ok(%s, %s, access.today(), %s)", (code, legal_basis, permission))
    return bool(await cursor.fetchone())
