"""Emergency openings, and who was told of them."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg.rows import class_row, scalar_row

from dancu.access.models import BrokenGlass
from dancu.access.store.constraints import explained
from dancu.kit.db import Conn

_COLUMNS = """g.glass_id, g.person_key, g.staff_id, s.display_name AS staff_name, g.org_code,
              o.name AS org_name, g.purpose,
              g.legal_basis, g.case_ref, g.reason, g.opened_at, g.expires_at, g.reviewed_at, g.reviewed_by,
              g.finding, g.comment"""


async def insert(
    conn: Conn,
    person_key: int,
    staff_id: int,
    org_code: str,
    purpose: str,
    basis: str,
    case_ref: str,
    reason: str,
) -> int:
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        """INSERT INTO access.break_glass (person_key, staff_id, org_code, purpose, legal_basis, case_ref, reason)
           VALUES (%s::bigint, %s::bigint, %s, %s, %s, %s, %s) RETURNING glass_id""",
        (person_key, staff_id, org_code, purpose, basis, case_ref, reason),
    )
    return int(await cursor.fetchone() or 0)


async def tell(conn: Conn, glass_id: int, to: Iterable[tuple[int, str]]) -> None:
    """Write notices to (staff id, capacity)."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO access.notice (to_staff, kind, capacity, glass_id)
               VALUES (%s::bigint, 'glass_broken', %s, %s::bigint)""",
            [(staff_id, capacity, glass_id) for staff_id, capacity in to],
        )


async def told(conn: Conn, staff_id: int, *, only_open: bool, limit: int = 200) -> list[BrokenGlass]:
    """The openings this person was told of, newest first."""
    cursor = conn.cursor(row_factory=class_row(BrokenGlass))
    await cursor.execute(
        f"""SELECT {_COLUMNS} FROM access.notice n
              JOIN access.break_glass g ON g.glass_id = n.glass_id
              JOIN access.staff s ON s.staff_id = g.staff_id
              JOIN access.organisation o ON o.org_code = g.org_code
             WHERE n.to_staff = %s::bigint AND n.kind = 'glass_broken' AND (NOT %s OR g.reviewed_at IS NULL)
             ORDER BY g.opened_at DESC LIMIT %s""",
        (staff_id, only_open, limit),
    )
    return await cursor.fetchall()


async def open_count(conn: Conn, staff_id: int) -> int:
    """How many openings wait for a review by this person."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        """SELECT count(*) FROM access.notice n JOIN access.break_glass g ON g.glass_id = n.glass_id
            WHERE n.to_staff = %s::bigint AND g.reviewed_at IS NULL""",
        (staff_id,),
    )
    return int(await cursor.fetchone() or 0)


async def review(conn: Conn, person_key: int, glass_id: int, reviewer: int, finding: str, comment: str) -> bool:
    """Mark as reviewed; False when somebody was faster."""
    async with explained(conn):
        cursor = await conn.execute(
            """UPDATE access.break_glass
                  SET reviewed_at = now(), reviewed_by = %s::bigint, finding = %s, comment = %s
                WHERE person_key = %s::bigint AND glass_id = %s::bigint AND reviewed_at IS NULL""",
            (reviewer, finding, comment, person_key, glass_id),
        )
    return cursor.rowcount == 1


async def is_broken(conn: Conn, staff_id: int, person_key: int) -> bool:
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.broken_glass(%s::bigint, %s::bigint)", (staff_id, person_key))
    return bool(await cursor.fetchone())
