"""Rows of proving residence: how often each way worked, receipts of opened persons, codes shown on a phone."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date, datetime

from psycopg.rows import kwargs_row

from dancu.exchange.models.residence import Kept, Verification, Way
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_COLUMNS = (
    "person_key, verification_id, at, org_code, officer, procedure, case_ref, way, device, purpose, legal_basis, replaces,"
    " statement, entry_id"
)


async def count_way(conn: Conn, day: date, org_code: str, device: str, procedure: str, way: Way, outcome: str) -> None:
    """One more attempt."""
    await conn.execute(
        "INSERT INTO exchange.way_tally AS t (day, org_code, device, procedure, way, outcome) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (day, org_code, device, procedure, way, outcome) DO UPDATE SET n = t.n + 1",
        (day, org_code, device, procedure, way.value, outcome),
    )


async def keep(conn: Conn, kept: Verification, ref: str) -> bool:
    """False where the same proof stands in the same dossier already."""
    done = await conn.execute(
        f"INSERT INTO exchange.verification ({_COLUMNS}, ref)"
        " VALUES (%s::bigint, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bigint, %s) ON CONFLICT DO NOTHING",
        (*astuple(kept), ref),
    )
    return done.rowcount == 1


async def lock(conn: Conn, key: int) -> None:
    """One at a time keeps a receipt of a person, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('exchange.verification', %s::bigint))", (key,))


async def verification(conn: Conn, key: int, verification_id: str) -> Verification | None:
    async with conn.cursor(row_factory=kwargs_row(_verification)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM exchange.verification WHERE person_key = %s::bigint AND verification_id = %s",
            (key, verification_id),
        )
        return await cursor.fetchone()


async def verifications_of(conn: Conn, key: int, limit: int = 50) -> list[Verification]:
    """Newest first."""
    async with conn.cursor(row_factory=kwargs_row(_verification)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM exchange.verification WHERE person_key = %s::bigint ORDER BY at DESC LIMIT %s", (key, limit)
        )
        return await cursor.fetchall()


async def of_entry(conn: Conn, key: int, entry_id: int) -> Verification | None:
    """The receipt that an entry of the evidence log witnesses; of an opened person."""
    async with conn.cursor(row_factory=kwargs_row(_verification)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM exchange.verification WHERE person_key = %s::bigint AND entry_id = %s::bigint", (key, entry_id)
        )
        return await cursor.fetchone()


async def of_office(
    conn: Conn, actor: Actor, purpose: Purpose, since: datetime, until: datetime, way: str, case_ref: str, most: int
) -> list[Kept]:
    """Receipts of the actor's own office, newest first; the search is recorded by the database."""
    cursor = await conn.execute(
        "SELECT * FROM exchange.receipts_of_office(%s::bigint, %s::bytea, %s, %s, %s, %s, %s, %s, %s, %s, %s::int)",
        (
            actor.actor_id, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis, actor.request_id, actor.channel, since, until,
            way, case_ref, most,
        ),
    )  # fmt: skip
    return [
        Kept(key, number, at, officer, procedure, ref, Way(by), device)
        for key, number, at, officer, procedure, ref, by, device in await cursor.fetchall()
    ]


def _verification(**row: object) -> Verification:
    return Verification(**{**row, "way": Way(row["way"])})  # type: ignore[arg-type]


async def show_code(conn: Conn, actor: Actor, digest: bytes, seconds: int) -> bool:
    """False without a live session of the citizen, or where the same code is shown by somebody else."""
    row = await (
        await conn.execute(
            "SELECT exchange.show_code(%s::bigint, %s::bytea, %s::bytea, %s)",
            (actor.actor_id, bytes.fromhex(actor.session_id), digest, seconds),
        )
    ).fetchone()
    return bool(row and row[0])


async def take_code(conn: Conn, digest: bytes) -> int | None:
    """Whose code it is; it works once."""
    row = await (await conn.execute("SELECT exchange.take_code(%s::bytea)", (digest,))).fetchone()
    return row[0] if row else None


async def way_figures(conn: Conn, since: date, org_code: str | None) -> list[tuple[str, str, str, str, int]]:
    """(office, device, way, outcome, count) since a day; of one office, or of all without their devices."""
    cursor = await conn.execute(
        "SELECT org_code, CASE WHEN %s::text IS NULL THEN '' ELSE device END, way, outcome, sum(n)::bigint FROM exchange.way_tally"
        " WHERE day >= %s AND (%s::text IS NULL OR org_code = %s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        (org_code, since, org_code, org_code),
    )
    return await cursor.fetchall()


async def paper_figures(conn: Conn, since: date) -> list[tuple[str, str, str, int, int]]:
    """(office, its name where it is not of the list, procedure, confirmations caused, papers demanded), worst first."""
    cursor = await conn.execute(
        "SELECT org_code, org_name, procedure, coalesce(sum(n) FILTER (WHERE what = 'issued'), 0)::bigint,"
        " coalesce(sum(n) FILTER (WHERE what = 'demanded'), 0)::bigint FROM exchange.paper_tally WHERE day >= %s"
        " GROUP BY 1, 2, 3 ORDER BY sum(n) DESC, 1, 2, 3 LIMIT 200",
        (since,),
    )
    return await cursor.fetchall()
