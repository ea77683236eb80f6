"""What stands out in the evidence log, asked of the database: it decides, counts and records (schema monitoring)."""

from __future__ import annotations

from datetime import datetime

from psycopg import DatabaseError

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

Row = tuple[str, int | None, int, int, list[int] | None, datetime, datetime]
_NO_RIGHT = "DA003"


async def unusual(conn: Conn, actor: Actor, purpose: Purpose, since: datetime, until: datetime) -> list[Row]:
    """(kind, staff id, counted, mark, who, first, last). Raises NotAllowed without the right `audit.read`."""
    try:
        async with conn.transaction():
            cursor = await conn.execute(
                """SELECT kind, staff_id, counted, mark, who, first_at, last_at
                     FROM monitoring.unusual(%s::bigint, %s::bytea,
                          ROW('search', %s::text, %s::bigint, %s::text, %s::text, %s::text, NULL, NULL, ARRAY['accesses'],
                              %s::text, %s::text, NULL, '{"verb": "monitoring.unusual"}'::jsonb)::audit.entry_in,
                          %s, %s)""",
                (
                    actor.actor_id, bytes.fromhex(actor.session_id), actor.kind, actor.actor_id, actor.org_code,
                    purpose.code, purpose.legal_basis, actor.request_id, actor.channel, since, until,
                ),
            )  # fmt: skip
            return await cursor.fetchall()
    except DatabaseError as error:
        if error.sqlstate != _NO_RIGHT:
            raise
        raise NotAllowed(
            "audit.no_right", N_("Chỉ kiểm toán viên được xem các dấu hiệu này. Hãy hỏi người quản trị của cơ quan.")
        ) from None
