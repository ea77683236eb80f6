"""Timed work of data exchange."""

from __future__ import annotations

from procrastinate import Blueprint

from dancu.exchange.service import compare, partners
from dancu.kit.db import connection
from dancu.kit.log import get_logger
from dancu.sharing.service import data_agreements

blueprint = Blueprint()
log = get_logger("dancu.exchange.jobs")


@blueprint.periodic(cron="40 0 * * *")  # 07:40 in Vietnam, before the offices open
@blueprint.task(name="escalate", queueing_lock="exchange.escalate")
async def escalate(timestamp: int) -> None:
    """Applications and agreements that nobody answered in time go to the national coordinator."""
    async with connection("worker") as conn:
        await partners.escalate(conn)
        await data_agreements.escalate(conn)


@blueprint.periodic(cron="10 19 * * *")  # 02:10 in Vietnam
@blueprint.task(name="compare_logs", queueing_lock="exchange.compare_logs")
async def compare_logs(timestamp: int) -> None:
    """Days of which partners handed in their own log are compared with ours."""
    async with connection("worker") as conn:
        for org_code, day, differences in await compare.nightly(conn):
            level = log.warning if differences else log.info
            level("logs compared", org_code=org_code, day=day.isoformat(), differences=differences)
