"""Timed work of data exchange."""

from __future__ import annotations

from procrastinate import Blueprint

from dancu.exchange.service import partners
from dancu.kit.db import connection
from dancu.sharing.service import data_agreements

blueprint = Blueprint()


@blueprint.periodic(cron="40 0 * * *")  # 07:40 in Vietnam, before the offices open
@blueprint.task(name="escalate", queueing_lock="exchange.escalate")
async def escalate(timestamp: int) -> None:
    """Applications and agreements that nobody answered in time go to the national coordinator."""
    async with connection("worker") as conn:
        await partners.escalate(conn)
        await data_agreements.escalate(conn)
