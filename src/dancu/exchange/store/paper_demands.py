"""Rows of reports that a paper was demanded; of opened persons."""

from __future__ import annotations

from datetime import datetime

from dancu.kit.db import Conn


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
