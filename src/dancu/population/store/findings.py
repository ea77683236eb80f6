"""Findings of one opened person."""

from __future__ import annotations

from psycopg.rows import class_row

from dancu.kit.db import Conn
from dancu.population.models.findings import OpenFinding


async def open_findings(conn: Conn, person_key: int) -> list[OpenFinding]:
    """Those nobody has settled, oldest first. Row security shows them of opened persons only."""
    async with conn.cursor(row_factory=class_row(OpenFinding)) as cursor:
        await cursor.execute(
            "SELECT finding_id, code, source_ref, found_at, params FROM population.finding"
            " WHERE person_key = %s::bigint AND settled_at IS NULL ORDER BY finding_id",
            (person_key,),
        )
        return await cursor.fetchall()
