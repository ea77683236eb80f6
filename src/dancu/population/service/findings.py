"""What was noticed about a person's data, for those who look at the record."""

from __future__ import annotations

from dancu.kit.db import Conn
from dancu.population.models.findings import OpenFinding
from dancu.population.store import findings


async def open_findings(conn: Conn, person_key: int) -> list[OpenFinding]:
    """Open findings of a person whom the gate has opened in this transaction."""
    return await findings.open_findings(conn, person_key)
