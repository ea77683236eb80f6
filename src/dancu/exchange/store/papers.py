"""SQL of papers of ministries, of disputes about them, and of how connectors fare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dancu.kernel.clock import vietnam_day
from dancu.kit.db import Conn

_PAPER = "connector, sealed, as_of, how, fetched_at, entry_id"
_DISPUTE = "person_key, dispute_id, connector, field, statement, desk, opened_at, state, case_id, answer_due"


async def kept(conn: Conn, key: int, codes: Sequence[str]) -> list[tuple[Any, ...]]:
    """(connector, sealed, as_of, how, fetched_at, entry_id) of an opened person."""
    cursor = await conn.execute(
        f"SELECT {_PAPER} FROM exchange.paper WHERE person_key = %s::bigint AND connector = ANY (%s::text[])", (key, list(codes))
    )
    return await cursor.fetchall()


async def keep(conn: Conn, key: int, code: str, sealed: bytes | None, as_of: date | None, fetched_at: datetime, entry_id: int) -> bool:
    """False where a later answer is there already."""
    cursor = await conn.execute(
        "SELECT exchange.keep_paper(%s::bigint, %s, %s, %s, %s, %s, %s::bigint)", (key, code, sealed is not None, sealed, as_of, fetched_at, entry_id)
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def keep_as_worker(
    conn: Conn, key: int, code: str, sealed: bytes | None, as_of: date | None, fetched_at: datetime, entry_id: int
) -> bool:
    """The same for the worker, to whom every row is open."""
    done = await conn.execute(
        "INSERT INTO exchange.paper AS p (person_key, connector, found, sealed, as_of, fetched_at, entry_id)"
        " VALUES (%s::bigint, %s, %s, %s, %s, %s, %s::bigint) ON CONFLICT (person_key, connector) DO UPDATE SET found = excluded.found,"
        " sealed = excluded.sealed, as_of = excluded.as_of, how = 'api', fetched_at = excluded.fetched_at, entry_id = excluded.entry_id"
        " WHERE p.fetched_at <= excluded.fetched_at",
        (key, code, sealed is not None, sealed, as_of, fetched_at, entry_id),
    )
    return done.rowcount == 1


async def keep_dropped(conn: Conn, rows: Sequence[tuple[int, str, bytes, date, datetime, int]]) -> None:
    """Rows of a file (role worker): (person, connector, sealed, as_of, received, evidence). A file older than what is kept changes
    nothing."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO exchange.paper AS p (person_key, connector, found, sealed, as_of, how, fetched_at, entry_id)"
            " VALUES (%s::bigint, %s, true, %s, %s, 'drop', %s, %s::bigint) ON CONFLICT (person_key, connector) DO UPDATE"
            " SET found = true, sealed = excluded.sealed, as_of = excluded.as_of, how = 'drop', fetched_at = excluded.fetched_at,"
            " entry_id = excluded.entry_id WHERE p.as_of IS NULL OR p.as_of <= excluded.as_of",
            rows,
        )


async def fared(conn: Conn, code: str, ok: bool, failure: str, milliseconds: int, at: datetime, as_of: date | None = None) -> None:
    """One more asking of a ministry. Means are of all askings up to a score, then follow the last score. `as_of`: the day of its data, where it said one."""
    await conn.execute(
        "INSERT INTO exchange.connector_state AS s (connector, asked, failed, last_ok, last_failed, failure, milliseconds,"
        " mean_ms, mean_failed, as_of) VALUES (%(code)s, 1, (NOT %(ok)s)::int, CASE WHEN %(ok)s THEN %(at)s::timestamptz END, CASE WHEN NOT %(ok)s THEN %(at)s::timestamptz END,"
        " %(failure)s, %(ms)s, %(ms)s, (NOT %(ok)s)::int, %(as_of)s)"
        " ON CONFLICT (connector) DO UPDATE SET asked = s.asked + 1, failed = s.failed + excluded.failed,"
        " last_ok = coalesce(excluded.last_ok, s.last_ok), last_failed = coalesce(excluded.last_failed, s.last_failed),"
        " failure = excluded.failure, milliseconds = excluded.milliseconds,"
        " mean_ms = coalesce(s.mean_ms + (excluded.mean_ms - s.mean_ms) * greatest(0.05, 1.0 / (s.asked + 1)), excluded.mean_ms),"
        " mean_failed = s.mean_failed + (excluded.mean_failed - s.mean_failed) * greatest(0.05, 1.0 / (s.asked + 1)), as_of = coalesce(excluded.as_of, s.as_of)",
        {"code": code, "ok": ok, "failure": failure, "ms": milliseconds, "at": at, "as_of": as_of},
    )
    await conn.execute(
        "INSERT INTO exchange.connector_day AS d (connector, day, answered, failed) VALUES (%(code)s, %(day)s, (%(ok)s)::int, (NOT %(ok)s)::int)"
        " ON CONFLICT (connector, day) DO UPDATE SET answered = d.answered + excluded.answered, failed = d.failed + excluded.failed",
        {"code": code, "day": vietnam_day(at), "ok": ok},
    )


async def states(conn: Conn) -> list[tuple[Any, ...]]:
    """(connector, asked, failed, last_ok, last_failed, failure, milliseconds) of each connector that was asked."""
    cursor = await conn.execute(
        "SELECT connector, asked, failed, last_ok, last_failed, failure, milliseconds FROM exchange.connector_state ORDER BY connector"
    )
    return await cursor.fetchall()


async def add_dispute(
    conn: Conn, key: int, dispute_id: int, code: str, field: str, statement: bytes, desk: str, at: datetime, opened_by: tuple[str, int], entry_id: int
) -> bool:
    """False where one about the same field is open."""
    done = await conn.execute(
        "INSERT INTO exchange.dispute (person_key, dispute_id, connector, field, statement, desk, opened_at, opened_by_kind, opened_by, entry_id)"
        " VALUES (%s::bigint, %s::bigint, %s, %s, %s, %s, %s, %s, %s::bigint, %s::bigint) ON CONFLICT DO NOTHING",
        (key, dispute_id, code, field, statement, desk, at, *opened_by, entry_id),
    )
    return done.rowcount == 1


async def next_dispute(conn: Conn) -> int:
    row = await (await conn.execute("SELECT nextval('exchange.dispute_id_seq')")).fetchone()
    assert row is not None
    return int(row[0])


async def disputes_of(conn: Conn, key: int) -> list[tuple[Any, ...]]:
    """Newest first."""
    cursor = await conn.execute(f"SELECT {_DISPUTE} FROM exchange.dispute WHERE person_key = %s::bigint ORDER BY dispute_id DESC", (key,))
    return await cursor.fetchall()


async def dispute_told(conn: Conn, key: int, dispute_id: int, state: str, case_id: int, due: date | None) -> bool:
    """What became of its case, and by when it is answered (role worker)."""
    done = await conn.execute(
        "UPDATE exchange.dispute SET state = %s, case_id = %s::bigint, answer_due = coalesce(%s::date, answer_due), answered_at = CASE WHEN %s THEN clock_timestamp() END"
        " WHERE person_key = %s::bigint AND dispute_id = %s::bigint",
        (state, case_id, due, state in ("done", "refused"), key, dispute_id),
    )
    return done.rowcount == 1


async def dispute_by_case(conn: Conn, key: int, case_id: int) -> int | None:
    row = await (
        await conn.execute("SELECT dispute_id FROM exchange.dispute WHERE person_key = %s::bigint AND case_id = %s::bigint", (key, case_id))
    ).fetchone()
    return int(row[0]) if row else None


async def add_drop(
    conn: Conn, code: str, drop_id: str, sha256: bytes, as_of: date, counts: tuple[int, int, int, int], at: datetime, receipt: str
) -> None:
    """`counts`: lines, taken, unknown, refused."""
    await conn.execute(
        "INSERT INTO exchange.file_drop (connector, drop_id, sha256, as_of, lines, taken, unknown, refused, received_at, receipt)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (code, drop_id, sha256, as_of, *counts, at, receipt),
    )


async def drop_receipt(conn: Conn, code: str, drop_id: str) -> tuple[bytes, str] | None:
    """(sha256, receipt) of a file taken before. Until the transaction ends nobody else takes it: who comes meanwhile finds the receipt."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", (f"exchange.drop/{code}/{drop_id}",))
    row = await (
        await conn.execute("SELECT sha256, receipt FROM exchange.file_drop WHERE connector = %s AND drop_id = %s", (code, drop_id))
    ).fetchone()
    return (bytes(row[0]), str(row[1])) if row else None
