"""Timed work of cards."""

from __future__ import annotations

from procrastinate import Blueprint

from dancu.access import service as access
from dancu.cards.service import orders
from dancu.kit.db import connection
from dancu.kit.log import get_logger

blueprint = Blueprint()
log = get_logger("dancu.cards.jobs")


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="simulate_production", queueing_lock="cards.simulate_production")
async def simulate_production(timestamp: int) -> None:
    """In a demonstration the factory is this job; elsewhere orders wait for the real one."""
    async with connection("worker") as conn:
        if await access.is_demo(conn) and (made := await orders.simulate_production(conn)):
            log.info("cards produced by the simulator", cards=made)
