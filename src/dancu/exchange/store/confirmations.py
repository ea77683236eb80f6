"""Rows of signed confirmations, of opened persons; their state by number; what papers each office still causes."""

from __future__ import annotations

from datetime import date

from dancu.kit.db import Conn


async def count_paper(conn: Conn, day: date, org_code: str, org_name: str, procedure: str, what: str) -> None:
    """One more paper that an office caused; `what`: "issued" or "demanded"."""
    await conn.execute(
        "INSERT INTO exchange.paper_tally AS t (day, org_code, org_name, procedure, what) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (day, org_code, org_name, procedure, what) DO UPDATE SET n = t.n + 1",
        (day, org_code, org_name, procedure, what),
    )
