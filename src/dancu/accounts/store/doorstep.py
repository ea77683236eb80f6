"""Rows of trips and their records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Trip:
    trip_id: str
    device_id: int
    office_id: int
    brought_by: int
    manifest: tuple[str, ...]
    begun_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Settled:
    """One record of a trip and what became of it. `reasons`: codes of refusals; `concerns`: whom it is about, sealed, where it
    was not taken and the checks got as far as that."""

    record_id: str
    state: str
    reasons: tuple[str, ...]
    visit_id: int | None
    received_at: datetime
    concerns: bytes | None = None


_TRIP = "SELECT trip_id::text, device_id, office_id, brought_by, manifest::text[], begun_at, settled_at FROM accounts.doorstep_trip"


async def trip(conn: Conn, trip_id: str, *, lock: bool = False) -> Trip | None:
    row = await (await conn.execute(f"{_TRIP} WHERE trip_id = %s::uuid{' FOR UPDATE' if lock else ''}", (trip_id,))).fetchone()
    return Trip(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], row[6]) if row else None


async def trips(conn: Conn, offices: Sequence[int], *, limit: int = 30) -> list[Trip]:
    rows = await (
        await conn.execute(f"{_TRIP} WHERE office_id = ANY (%s::bigint[]) ORDER BY begun_at DESC LIMIT %s", (list(offices), limit))
    ).fetchall()
    return [Trip(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], row[6]) for row in rows]


async def add_trip(conn: Conn, trip_id: str, device_id: int, office_id: int, by: int, manifest: Sequence[str]) -> None:
    await conn.execute(
        "INSERT INTO accounts.doorstep_trip (trip_id, device_id, office_id, brought_by, manifest)"
        " VALUES (%s::uuid, %s::bigint, %s::bigint, %s::bigint, %s::uuid[]) ON CONFLICT (trip_id) DO NOTHING",
        (trip_id, device_id, office_id, by, sorted(manifest)),
    )


async def add_record(conn: Conn, trip_id: str, record_id: str, sealed: bytes, digest: bytes) -> bytes:
    """Keep a record unless it is here; the digest of the one that is."""
    await conn.execute(
        "INSERT INTO accounts.doorstep_record (record_id, trip_id, sealed, digest) VALUES (%s::uuid, %s::uuid, %s, %s)"
        " ON CONFLICT (record_id) DO NOTHING",
        (record_id, trip_id, sealed, digest),
    )
    row = await (
        await conn.execute("SELECT digest FROM accounts.doorstep_record WHERE record_id = %s::uuid", (record_id,))
    ).fetchone()
    assert row is not None
    return bytes(row[0])


async def sealed_of(conn: Conn, trip_id: str) -> list[tuple[str, bytes]]:
    """(id, sealed) of a trip's records that are not settled."""
    rows = await (
        await conn.execute(
            "SELECT record_id::text, sealed FROM accounts.doorstep_record WHERE trip_id = %s::uuid AND state = 'received'", (trip_id,)
        )
    ).fetchall()
    return [(row[0], bytes(row[1])) for row in rows]


async def records(conn: Conn, trip_id: str) -> list[Settled]:
    rows = await (
        await conn.execute(
            "SELECT record_id::text, state, reasons, visit_id, received_at, concerns FROM accounts.doorstep_record"
            " WHERE trip_id = %s::uuid ORDER BY record_id",
            (trip_id,),
        )
    ).fetchall()
    return [Settled(row[0], row[1], tuple(row[2]), row[3], row[4], bytes(row[5]) if row[5] is not None else None) for row in rows]


async def settle_record(conn: Conn, record_id: str, state: str, reasons: Sequence[str], visit_id: int | None, concerns: bytes | None = None) -> None:
    """What became of a record; what it held goes, except where it could not be opened."""
    await conn.execute(
        "UPDATE accounts.doorstep_record SET state = %s, reasons = %s, visit_id = %s::bigint, concerns = %s, settled_at = now(),"
        " sealed = CASE WHEN %s = 'unreadable' THEN sealed END WHERE record_id = %s::uuid",
        (state, list(reasons), visit_id, concerns, state, record_id),
    )


async def settle_trip(conn: Conn, trip_id: str) -> None:
    await conn.execute("UPDATE accounts.doorstep_trip SET settled_at = now() WHERE trip_id = %s::uuid", (trip_id,))
