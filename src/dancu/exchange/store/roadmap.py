"""Promises, and when each partner last called."""

from __future__ import annotations

from datetime import date, datetime

from dancu.exchange.models.roadmap import Promise
from dancu.kit.db import Conn

_PROMISE = "SELECT promise_no, org_code, title, title_en, owner, due, delivered_on, note FROM exchange.promise"


async def promises(conn: Conn) -> list[Promise]:
    """What still waits by its day first, then what flows."""
    cursor = await conn.execute(f"{_PROMISE} ORDER BY delivered_on IS NOT NULL, due, org_code, title")
    return [Promise(*row) for row in await cursor.fetchall()]


async def promise(conn: Conn, promise_no: int) -> Promise | None:
    row = await (await conn.execute(f"{_PROMISE} WHERE promise_no = %s::bigint", (promise_no,))).fetchone()
    return Promise(*row) if row else None


async def put_promise(conn: Conn, org_code: str, title: str, title_en: str, owner: str, due: date, note: str, delivered_on: date | None = None) -> int:
    """A promise; the one of the same organisation and title is changed. Its number."""
    cursor = await conn.execute(
        "INSERT INTO exchange.promise (org_code, title, title_en, owner, due, note, delivered_on) VALUES (%s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (org_code, title) DO UPDATE SET title_en = excluded.title_en, owner = excluded.owner, due = excluded.due,"
        " note = excluded.note, changed_at = now() RETURNING promise_no",
        (org_code, title, title_en, owner, due, note, delivered_on),
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def deliver(conn: Conn, promise_no: int, day: date | None) -> bool:
    """False where there is no such promise."""
    done = await conn.execute(
        "UPDATE exchange.promise SET delivered_on = %s, changed_at = now() WHERE promise_no = %s::bigint", (day, promise_no)
    )
    return done.rowcount == 1


async def last_calls(conn: Conn) -> dict[str, datetime]:
    """Organisation -> its last call about real people."""
    cursor = await conn.execute(
        "SELECT p.org_code, c.at FROM exchange.partner p, LATERAL (SELECT at FROM exchange.call"
        " WHERE org_code = p.org_code AND environment = 'live' ORDER BY at DESC LIMIT 1) c"
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}
