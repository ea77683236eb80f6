"""Rows of reports that a paper was demanded; of opened persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Demand:
    """A report as kept. `org_name`: what the citizen wrote, where the office is not of the list."""

    demand_id: int
    at: datetime
    org_code: str
    org_name: str
    procedure: str
    paper: str
    said: str


async def insert(
    conn: Conn, key: int, at: datetime, org_code: str, org_name: str, procedure: str, paper: str, said: str, entry_id: int
) -> int:
    row = await (
        await conn.execute(
            "INSERT INTO exchange.paper_demand (person_key, at, org_code, org_name, procedure, paper, said, entry_id)"
            " VALUES (%s::bigint, %s, %s, %s, %s, %s, %s, %s::bigint) RETURNING demand_id",
            (key, at, org_code, org_name, procedure, paper, said, entry_id),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def said(conn: Conn, key: int, demand_id: int) -> str:
    row = await (
        await conn.execute(
            "SELECT said FROM exchange.paper_demand WHERE person_key = %s::bigint AND demand_id = %s::bigint", (key, demand_id)
        )
    ).fetchone()
    return str(row[0]) if row else ""


_DEMAND = "demand_id, at, org_code, org_name, procedure, paper, said"


async def one(conn: Conn, key: int, demand_id: int) -> Demand | None:
    row = await (
        await conn.execute(
            f"SELECT {_DEMAND} FROM exchange.paper_demand WHERE person_key = %s::bigint AND demand_id = %s::bigint", (key, demand_id)
        )
    ).fetchone()
    return Demand(*row) if row else None


async def of_person(conn: Conn, key: int) -> list[Demand]:
    """Newest first."""
    cursor = await conn.execute(f"SELECT {_DEMAND} FROM exchange.paper_demand WHERE person_key = %s::bigint ORDER BY demand_id DESC", (key,))
    return [Demand(*row) for row in await cursor.fetchall()]


async def of_day(
    conn: Conn, key: int, org_code: str, org_name: str, procedure: str, since: datetime, paper: str | None = None, said: str | None = None
) -> int | None:
    """The newest report about this office (`org_name` where it is not of the list) and procedure since then; of this paper and in these
    words where they are given. Until the transaction ends nobody else looks for this person: of two at the same moment the second finds
    the first."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('exchange.paper_demand', %s::bigint))", (key,))
    row = await (
        await conn.execute(
            "SELECT demand_id FROM exchange.paper_demand WHERE person_key = %s::bigint AND org_code = %s AND (org_code <> '' OR org_name = %s)"
            " AND procedure = %s AND at > %s AND paper = coalesce(%s, paper) AND said = coalesce(%s, said) ORDER BY demand_id DESC LIMIT 1",
            (key, org_code, org_name, procedure, since, paper, said),
        )
    ).fetchone()  # fmt: skip
    return int(row[0]) if row else None


async def tell(conn: Conn, key: int, demand_id: int, paper: str, said: str) -> None:
    await conn.execute(
        "UPDATE exchange.paper_demand SET paper = %s, said = %s WHERE person_key = %s::bigint AND demand_id = %s::bigint",
        (paper, said, key, demand_id),
    )
