"""Rows of reconciling: runs, chunks of results, whom a run met."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from dancu.exchange.models.reconcile import Run, RunState
from dancu.kit.arrays import numbers
from dancu.kit.db import Conn

_COLUMNS: Final = (
    "run_no, org_code, client_no, digest, file_name, kind, profile, weights, released, purpose, legal_basis, case_ref, officer,"
    " request_id, state, failure, position, chunks, counts, seconds, created_at, finished_at"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM exchange.reconcile_run"
_LOCK: Final = 1380273219  # "REKC": one process works on a run


def _run(row: tuple[Any, ...]) -> Run:
    values = [*row]
    values[8], values[14] = frozenset(row[8]), RunState(row[14])
    return Run(*values)


async def insert(conn: Conn, run: Run, terms: bytes) -> Run:
    """The run of this file on these terms: made, or the one there is (`run_no` and `state` tell)."""
    await conn.execute(
        "INSERT INTO exchange.reconcile_run (org_code, client_no, digest, terms, file_name, kind, profile, weights, released,"
        " purpose, legal_basis, case_ref, officer, request_id)"
        " VALUES (%s, %s::bigint, %s, %s, %s, %s, %s, %s, %s::text[], %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (
            run.org_code, run.client_no, run.digest, terms, run.file_name, run.kind, run.profile, run.weights,
            sorted(run.released), run.purpose, run.legal_basis, run.case_ref, run.officer, run.request_id,
        ),
    )  # fmt: skip
    found = await conn.execute(
        f"{_SELECT} WHERE org_code = %s AND digest = %s AND terms = %s AND state <> 'erased'", (run.org_code, run.digest, terms)
    )
    row = await found.fetchone()
    if row is None:
        raise RuntimeError("a run that was just written is gone")
    return _run(row)


async def find(conn: Conn, run_no: int) -> Run | None:
    row = await (await conn.execute(f"{_SELECT} WHERE run_no = %s::bigint", (run_no,))).fetchone()
    return _run(row) if row else None


async def of_partner(conn: Conn, org_code: str, how_many: int) -> list[Run]:
    """The partner's runs, newest first."""
    cursor = await conn.execute(f"{_SELECT} WHERE org_code = %s ORDER BY run_no DESC LIMIT %s", (org_code, how_many))
    return [_run(row) for row in await cursor.fetchall()]


async def left_lying(conn: Conn, since: timedelta) -> list[int]:
    """Runs with a file that nobody has moved for so long: their worker died, or their job was lost."""
    cursor = await conn.execute(
        "SELECT run_no FROM exchange.reconcile_run WHERE state = 'running' AND moved_at < clock_timestamp() - %s ORDER BY run_no LIMIT 50",
        (since,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def idle(conn: Conn, org_code: str, since: timedelta) -> set[int]:
    """The partner's runs that have not ended and that nobody has moved for so long."""
    cursor = await conn.execute(
        "SELECT run_no FROM exchange.reconcile_run WHERE org_code = %s AND state IN ('waiting', 'running')"
        " AND moved_at < clock_timestamp() - %s",
        (org_code, since),
    )
    return {row[0] for row in await cursor.fetchall()}


async def claim(conn: Conn, run_no: int) -> bool:
    """Take the run for this connection until it closes; False where another process works on it."""
    row = await (await conn.execute("SELECT pg_try_advisory_lock(%s, %s)", (_LOCK, run_no % (1 << 31)))).fetchone()
    return bool(row and row[0])


async def give_back(conn: Conn, run_no: int) -> None:
    await conn.execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCK, run_no % (1 << 31)))


async def put_state(conn: Conn, run_no: int, state: RunState, failure: str = "") -> None:
    await conn.execute(
        "UPDATE exchange.reconcile_run SET state = %s, failure = %s, moved_at = clock_timestamp(),"
        " finished_at = CASE WHEN %s IN ('done', 'failed') THEN clock_timestamp() END WHERE run_no = %s::bigint",
        (state.value, failure, state.value, run_no),
    )


async def advance(conn: Conn, run: Run, position: int, counts: Mapping[str, int], seconds: float) -> bool:
    """Move the run on in the transaction of the rows; False where somebody else did."""
    done = await conn.execute(
        "UPDATE exchange.reconcile_run SET position = %s, chunks = chunks + 1, counts = %s::jsonb, seconds = %s,"
        " state = 'running', moved_at = clock_timestamp() WHERE run_no = %s::bigint AND position = %s AND chunks = %s",
        (position, json.dumps(dict(counts)), seconds, run.run_no, run.position, run.chunks),
    )
    return done.rowcount == 1


async def add_chunk(conn: Conn, run_no: int, nth: int, lines: int, result: bytes, rejects: bytes | None) -> None:
    await conn.execute(
        "INSERT INTO exchange.reconcile_chunk (run_no, nth, lines, result, rejects) VALUES (%s::bigint, %s, %s, %s, %s)",
        (run_no, nth, lines, result, rejects),
    )


async def chunks(conn: Conn, run_no: int, start: int) -> AsyncIterator[tuple[int, bytes, bytes | None]]:
    """(nth, result, rejects) from chunk `start` (0 is the first) on, a few at a time."""
    while True:
        cursor = await conn.execute(
            "SELECT nth, result, rejects FROM exchange.reconcile_chunk WHERE run_no = %s::bigint AND nth >= %s ORDER BY nth LIMIT 8",
            (run_no, start),
        )
        rows = await cursor.fetchall()
        if not rows:
            return
        for row in rows:
            yield row[0], row[1], row[2]
        start = rows[-1][0] + 1


async def chunk(conn: Conn, run_no: int, nth: int) -> bytes | None:
    """The result of one chunk; None where there is none."""
    cursor = await conn.execute("SELECT result FROM exchange.reconcile_chunk WHERE run_no = %s::bigint AND nth = %s", (run_no, nth))
    row = await cursor.fetchone()
    return row[0] if row else None


async def meet(conn: Conn, run_no: int, keys: Sequence[int], lines: Sequence[int]) -> dict[int, int]:
    """Person -> line of this run that met them first; these lines, where nobody did."""
    if not keys:
        return {}
    cursor = await conn.execute(
        "SELECT person_key, line FROM exchange.reconcile_meet(%s::bigint, %s::bigint[], %s::bigint[])",
        (run_no, numbers(keys), numbers(lines)),
    )
    return dict(await cursor.fetchall())


async def forget(conn: Conn, run_no: int) -> None:
    """Forget whom a run met."""
    await conn.execute("SELECT exchange.reconcile_forget(%s::bigint)", (run_no,))


async def erase_older(conn: Conn, age: timedelta) -> list[int]:
    """Erase the results of runs that ended longer ago; returns which."""
    cursor = await conn.execute(
        "UPDATE exchange.reconcile_run SET state = 'erased', failure = '' WHERE state IN ('done', 'failed', 'waiting')"
        " AND coalesce(finished_at, moved_at) < clock_timestamp() - %s RETURNING run_no",
        (age,),
    )
    gone = [row[0] for row in await cursor.fetchall()]
    await conn.execute("DELETE FROM exchange.reconcile_chunk WHERE run_no = ANY (%s::bigint[])", (gone,))
    for run_no in gone:
        await forget(conn, run_no)
    return gone
