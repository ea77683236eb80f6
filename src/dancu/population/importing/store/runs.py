"""Runs: claimed, opened, moved on, finished; and the errors a run can live with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, Unavailable
from dancu.kit.db import Conn

_LOCK = 0x494D504F  # "IMPO": one process per file and profile

#: Shut down by an administrator, by a crash, not yet ready, no connection free.
_GOING_OR_COMING = ("57P01", "57P02", "57P03", "53300")


def is_race(error: Exception) -> bool:
    """Did the rows lose against somebody who wrote at the same time, so that planning them again will do?"""
    if isinstance(error, Conflict):
        return error.code == "fact.changed"
    race = psycopg.errors
    return isinstance(
        error,
        race.UniqueViolation | race.ExclusionViolation | race.SerializationFailure | race.DeadlockDetected,
    )


def is_refusal(error: Exception) -> bool:
    """Did the database refuse a value?"""
    refused = psycopg.errors
    return isinstance(error, refused.CheckViolation | refused.NotNullViolation | psycopg.DataError)


def is_gone(error: BaseException) -> bool:
    """Was the connection lost, or can none be had for now? What the server itself said (a cancelled statement, a full
    disk) is another failure, and asking again would not help."""
    if isinstance(error, Unavailable):
        return error.code == "db.not_running"
    if isinstance(error, psycopg.InterfaceError):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    return state is None or state.startswith("08") or state in _GOING_OR_COMING


def constraint_of(error: Exception) -> str:
    """The name of the constraint that refused, "" where there is none."""
    return (error.diag.constraint_name or "") if isinstance(error, psycopg.Error) else ""


@dataclass(slots=True)
class Run:
    """A row of population.import_run."""

    run_id: int
    position: int
    counts: dict[str, Any]
    seconds: float
    rejects_file: str
    resumed: bool


async def claim(conn: Conn, file_hash: bytes) -> bool:
    """Keep other processes from importing this file while the session lives."""
    row = await (
        await conn.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_LOCK, file_hash.hex()))
    ).fetchone()
    return bool(row and row[0])


async def open_run(
    conn: Conn, file_hash: bytes, profile: str, profile_hash: bytes, file_name: str, rejects_file: str,
    actor: Actor, purpose: Purpose,
) -> Run:  # fmt: skip
    """The run of this file that did not finish, or a new one."""
    cursor = await conn.execute(
        "SELECT run_id, position, counts, seconds, rejects_file FROM population.import_run"
        " WHERE file_hash = %s AND profile = %s AND state = 'running' FOR UPDATE",
        (file_hash, profile),
    )
    if row := await cursor.fetchone():
        return Run(row[0], row[1], row[2], row[3], row[4], resumed=row[1] > 0)
    cursor = await conn.execute(
        "INSERT INTO population.import_run (file_hash, profile, profile_hash, file_name, rejects_file, actor_kind,"
        " actor_id, org_code, purpose, legal_basis) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " RETURNING run_id, position, counts, seconds, rejects_file",
        (
            file_hash, profile, profile_hash, file_name, rejects_file, actor.kind.value, actor.actor_id,
            actor.org_code, purpose.code, purpose.legal_basis,
        ),
    )  # fmt: skip
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("no run")
    return Run(row[0], row[1], row[2], row[3], row[4], resumed=False)


async def describe(conn: Conn, run: Run, as_of: date | None, header: Sequence[str]) -> None:
    """How the rows of the run are read: by which day's units (None: each row's own), from which columns."""
    await conn.execute(
        "UPDATE population.import_run SET as_of = %s, header = %s::text[] WHERE run_id = %s",
        (as_of, list(header), run.run_id),
    )


async def advance(conn: Conn, run: Run, position: int, counts: dict[str, Any], seconds: float) -> bool:
    """Move a run on, in the transaction of its rows. False where somebody else moved it."""
    done = await conn.execute(
        "UPDATE population.import_run SET position = %s, counts = %s::jsonb, seconds = %s, moved_at = clock_timestamp()"
        " WHERE run_id = %s AND position = %s AND state = 'running'",
        (position, json.dumps(counts), seconds, run.run_id, run.position),
    )
    return done.rowcount == 1


async def finish(conn: Conn, run: Run, rejects_file: str, seconds: float) -> None:
    await conn.execute(
        "UPDATE population.import_run SET state = 'done', finished_at = clock_timestamp(), rejects_file = %s,"
        " seconds = %s WHERE run_id = %s",
        (rejects_file, seconds, run.run_id),
    )
