"""Emergency openings, and who was told of them."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.rows import class_row, scalar_row

from dancu.access.models import BrokenGlass
from dancu.access.store.constraints import explained, permitted
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_COLUMNS = """g.glass_id, g.person_key, g.staff_id, s.display_name AS staff_name, g.org_code,
              o.name AS org_name, g.purpose,
              g.legal_basis, g.case_ref, g.reason, g.opened_at, g.expires_at, g.reviewed_at, g.reviewed_by,
              g.finding, g.comment"""


async def open_one(
    conn: Conn, session: bytes, person_key: int, staff_id: int, org_code: str, purpose: Purpose, reason: str,
    to: Mapping[int, str],
) -> int | None:  # fmt: skip
    """Open a person and tell `to` (staff id -> capacity), both or neither; the opening's id, or None where the key names
    nobody. The database checks right and purpose itself."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        "SELECT access.open_glass(%s::bigint, %s::bytea, %s::bigint, %s, %s, %s, %s, %s, %s::bigint[], %s::text[])",
        (
            staff_id, session, person_key, org_code, purpose.code, purpose.legal_basis, purpose.case_ref, reason,
            list(to), list(to.values()),
        ),
    )  # fmt: skip
    made = await cursor.fetchone()
    return int(made) if made is not None else None


async def told(
    conn: Conn, session: bytes, actor: Actor, purpose: Purpose, *, only_open: bool, verb: str, limit: int = 200
) -> list[BrokenGlass]:
    """The openings this person was told of, newest first. That the list was read is recorded by the database, once for
    each person in it. NotAllowed without the right to review."""
    cursor = conn.cursor(row_factory=class_row(BrokenGlass))
    async with permitted(conn):
        await cursor.execute(
            f"""SELECT {_COLUMNS}
                  FROM access.openings_told(%s::bigint, %s::bytea, %s, %s,
                       ROW('read', %s::text, %s::bigint, %s::text, %s::text, %s::text, NULL, NULL, ARRAY['break_glass'],
                           %s::text, %s::text, NULL, jsonb_build_object('verb', %s::text))::audit.entry_in) AS g
                  JOIN access.staff s ON s.staff_id = g.staff_id
                  JOIN access.organisation o ON o.org_code = g.org_code
                 ORDER BY g.opened_at DESC, g.glass_id DESC""",
            (
                actor.actor_id, session, only_open, limit, actor.kind, actor.actor_id, actor.org_code, purpose.code,
                purpose.legal_basis, actor.request_id, actor.channel, verb,
            ),
        )  # fmt: skip
        return await cursor.fetchall()


async def open_count(conn: Conn, staff_id: int) -> int:
    """How many openings wait for a review by this person."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.openings_waiting(%s::bigint)", (staff_id,))
    return int(await cursor.fetchone() or 0)


async def review(conn: Conn, session: bytes, glass_id: int, reviewer: int, finding: str, comment: str) -> int | None:
    """Mark as reviewed; the person's key, or None when somebody was faster. NotFound where this reviewer was not told."""
    cursor = conn.cursor(row_factory=scalar_row)
    async with permitted(conn), explained(conn):
        await cursor.execute(
            "SELECT access.review_glass(%s::bigint, %s::bytea, %s::bigint, %s, %s)",
            (reviewer, session, glass_id, finding, comment),
        )
        key = await cursor.fetchone()
    return int(key) if key is not None else None


async def is_broken(conn: Conn, staff_id: int, person_key: int) -> bool:
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.broken_glass(%s::bigint, %s::bigint)", (staff_id, person_key))
    return bool(await cursor.fetchone())
