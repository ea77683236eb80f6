"""What stands out in the evidence log, asked of the database: it decides, counts and records (schema monitoring)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime

from psycopg import DatabaseError

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

Alerted = tuple[
    int, str, int | None, str, str, int, list[int], datetime, datetime, datetime, bool, int | None, datetime | None, str, int | None
]  # fmt: skip
Row = tuple[str, int | None, int, int, list[int] | None, datetime, datetime]
Mark = tuple[str, str, str, int | None, datetime | None]
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


_ASKED = "ROW('search', %s::text, %s::bigint, %s::text, %s::text, %s::text, NULL, NULL, %s::text[], %s::text, %s::text, NULL, %s::jsonb)::audit.entry_in"

# Not 'read' or 'write': to say whom to look out for is no look that the rules should notice.
_MARKING = _ASKED.replace("'search'", "'system'")


def _asked(actor: Actor, purpose: Purpose, fields: list[str], verb: str) -> tuple[object, ...]:
    return (
        actor.kind, actor.actor_id, actor.org_code, purpose.code, purpose.legal_basis, fields, actor.request_id, actor.channel,
        json.dumps({"verb": verb}),
    )  # fmt: skip


async def detect(conn: Conn, most: int, free: Sequence[date]) -> int:
    """Look through the next entries of the log for patterns (role worker); how many there were. `free`: public holidays."""
    row = await (await conn.execute("SELECT monitoring.detect(%s, %s::date[])", (most, list(free)))).fetchone()
    return int(row[0]) if row else 0


async def detect_misses(conn: Conn) -> None:
    """Weigh the numbers of nobody that partners' programs tried (role worker)."""
    await conn.execute("SELECT monitoring.detect_misses()")


async def detect_programs(conn: Conn) -> None:
    """Weigh what else partners' programs did lately (role worker); while another does it, nothing."""
    await conn.execute("SELECT monitoring.detect_programs('0')")


async def alerts(conn: Conn, actor: Actor, purpose: Purpose, *, only_open: bool, alert_id: int | None = None) -> list[Alerted]:
    """Raises NotAllowed without the right `exchange.alert`."""
    async with _right(conn):
        cursor = await conn.execute(
            "SELECT alert_id, rule, staff_id, org_code, state, counted, entries, first_at, last_at, raised_at, braked, decided_by, decided_at,"
            f" decision, client_no FROM monitoring.alerts(%s::bigint, %s::bytea, {_ASKED}, %s, %s::bigint)",
            (actor.actor_id, bytes.fromhex(actor.session_id), *_asked(actor, purpose, ["accesses"], "alert.look"), only_open, alert_id),
        )
        return await cursor.fetchall()


async def decide(conn: Conn, actor: Actor, purpose: Purpose, alert_id: int, verdict: str, reason: str) -> bool:
    """False where it is decided already, or is about the one who decides. Raises NotAllowed."""
    async with _right(conn):
        cursor = await conn.execute(
            f"SELECT monitoring.decide(%s::bigint, %s::bytea, {_ASKED}, %s::bigint, %s, %s)",
            (actor.actor_id, bytes.fromhex(actor.session_id), *_asked(actor, purpose, ["accesses"], f"alert.{verdict}"), alert_id, verdict, reason),
        )
        row = await cursor.fetchone()
        return bool(row and row[0])


async def _one_at_a_time(conn: Conn) -> None:
    """A mark takes an older one's place: the second of two at once waits, to see the first's."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('monitoring.marks', 0))")


async def protect(conn: Conn, actor: Actor, purpose: Purpose, number: str, reason: str | None) -> bool:
    """Put the person of a number under special protection, or end it (None); False where it is nobody's. Raises NotAllowed."""
    async with _right(conn):
        await _one_at_a_time(conn)
        cursor = await conn.execute(
            f"SELECT monitoring.protect_number(%s::bigint, %s::bytea, {_MARKING}, %s, %s)",
            (actor.actor_id, bytes.fromhex(actor.session_id), *_asked(actor, purpose, ["accesses"], "person.protect" if reason else "person.protect.end"), number, reason),
        )
        row = await cursor.fetchone()
        return bool(row and row[0])


async def know_staff(conn: Conn, actor: Actor, purpose: Purpose, staff_id: int, number: str) -> bool:
    """Say which person a staff member is; False where the number is nobody's. Raises NotAllowed."""
    async with _right(conn):
        await _one_at_a_time(conn)
        cursor = await conn.execute(
            f"SELECT monitoring.know_staff(%s::bigint, %s::bytea, {_MARKING}, %s::bigint, %s)",
            (actor.actor_id, bytes.fromhex(actor.session_id), *_asked(actor, purpose, ["accesses"], "staff.person"), staff_id, number),
        )
        row = await cursor.fetchone()
        return bool(row and row[0])


async def marks(conn: Conn, actor: Actor, purpose: Purpose) -> list[Mark]:
    """(protected | staff, last three digits of the number, reason, staff id, since). Raises NotAllowed."""
    async with _right(conn):
        cursor = await conn.execute(
            f"SELECT what, ending, reason, staff_id, since FROM monitoring.marks(%s::bigint, %s::bytea, {_ASKED})",
            (actor.actor_id, bytes.fromhex(actor.session_id), *_asked(actor, purpose, ["accesses"], "marks.look")),
        )
        return await cursor.fetchall()


@asynccontextmanager
async def _right(conn: Conn) -> AsyncIterator[None]:
    try:
        async with conn.transaction():
            yield
    except DatabaseError as error:
        if error.sqlstate != _NO_RIGHT:
            raise
        raise NotAllowed("alerts.no_right", N_("Chỉ người được giao giám sát mới xem và xử lý cảnh báo.")) from None
