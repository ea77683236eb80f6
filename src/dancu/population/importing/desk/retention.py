"""Rows of people are kept beside the registry no longer than their purpose needs (population.import_retention)."""

from __future__ import annotations

from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Purpose
from dancu.kit.db import Conn
from dancu.population.importing.store import review as store


async def erase_overdue(conn: Conn) -> tuple[int, int]:
    """Erase refused rows and the contents of decided ones past their days (role worker), with evidence of how many:
    (refused, decided)."""
    refused, decided, basis = await store.overdue(conn)
    if refused or decided:
        why = Purpose("import", basis)
        note = {"verb": "import_erase", "rejects": refused, "reviews": decided}
        await audit.record(conn, SYSTEM, why, action="system", subjects=[None], fields=["import_row"], note=note)
    return refused, decided
