"""From approved to active: notices, deadlines, reminders, waves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dancu.kit.db import Conn


async def notified(conn: Conn, key: int, activate_by: datetime) -> bool:
    """The code is out, until then. False where the account is past that."""
    done = await conn.execute(
        "UPDATE accounts.account SET state = 'notified', notified_at = coalesce(notified_at, now()), activate_by = %s,"
        " reminded = 0 WHERE person_key = %s::bigint AND state IN ('approved', 'notified')",
        (activate_by, key),
    )
    return done.rowcount == 1


async def activated(conn: Conn, key: int) -> bool:
    done = await conn.execute(
        "UPDATE accounts.account SET state = 'active', activated_at = now(), idle_reason = '',"
        " phone_verified_at = CASE WHEN phone IS NULL THEN NULL ELSE now() END"
        " WHERE person_key = %s::bigint AND state = 'notified' AND activate_by > now()",
        (key,),
    )
    return done.rowcount == 1


async def due_reminders(conn: Conn, day: int, notice_days: int, limit: int) -> list[tuple[int, bool]]:
    """Accounts whose notice is `day` days old and who were not reminded of it yet, each with whether its phone reaches its holder
    (worker)."""
    cursor = await conn.execute(
        "UPDATE accounts.account SET reminded = %s WHERE person_key IN (SELECT person_key FROM accounts.account"
        " WHERE state = 'notified' AND NOT made_up AND activate_by > now() AND reminded < %s"
        " AND activate_by - make_interval(days => %s) < now() LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING person_key, idle_reason <> 'wrong_phone'",
        (day, day, notice_days - day + 1, limit),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def due_wave(conn: Conn, wave: int, days: int, apart: int, limit: int) -> list[tuple[int, bool]]:
    """Lapsed accounts whose deadline passed `days` ago and who have had `wave` waves before, the last at least `apart` days ago: a
    worker that stood still for weeks must not send them all in one night. With each whether its phone reaches its holder; one that does
    not and without an e-mail is left out (worker)."""
    cursor = await conn.execute(
        "UPDATE accounts.account SET waves = %s, wave_at = now() WHERE person_key IN (SELECT person_key FROM accounts.account"
        " WHERE state = 'notified' AND NOT made_up AND waves = %s AND activate_by < now() - make_interval(days => %s) AND (idle_reason <> 'wrong_phone' OR email IS NOT NULL)"
        " AND (wave_at IS NULL OR wave_at <= now() - make_interval(days => %s)) LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING person_key, idle_reason <> 'wrong_phone'",
        (wave + 1, wave, days, apart, limit),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def note_idle(conn: Conn, key: int, reason: str) -> bool:
    done = await conn.execute(
        "UPDATE accounts.account SET idle_reason = %s WHERE person_key = %s::bigint AND state IN ('approved', 'notified')",
        (reason, key),
    )
    return done.rowcount == 1


async def idle_reason(conn: Conn, key: int) -> str:
    """Why an opened account is not activated; "" where nobody knows."""
    row = await (await conn.execute("SELECT idle_reason FROM accounts.account WHERE person_key = %s::bigint", (key,))).fetchone()
    return str(row[0]) if row else ""


async def waiting_without_reason(conn: Conn, keys: Sequence[int]) -> list[int]:
    """Those of these accounts that were told of and are not active, of which nobody knows why (worker)."""
    cursor = await conn.execute(
        "SELECT person_key FROM accounts.account WHERE person_key = ANY (%s::bigint[]) AND state = 'notified' AND NOT made_up AND idle_reason = ''",
        (list(keys),),
    )
    return [row[0] for row in await cursor.fetchall()]


async def restart_made_up(conn: Conn, key: int, level: int) -> bool:
    """An account a demonstration made up begins anew, at this level, so that somebody can use it; False for any other."""
    done = await conn.execute(
        "UPDATE accounts.account SET state = 'approved', level = %s, channel = 'demo', notified_at = NULL, activate_by = NULL,"
        " activated_at = NULL, used_at = NULL, last_used_at = NULL, idle_reason = '', lock_version = lock_version + 1"
        " WHERE person_key = %s::bigint AND made_up AND channel <> 'demo'",
        (level, key),
    )
    return done.rowcount == 1
