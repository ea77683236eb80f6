"""Timed work of oidc: keys are replaced in time, what means nothing any more is forgotten."""

from __future__ import annotations

from procrastinate import Blueprint

from dancu.kit.db import connection, data_dir
from dancu.kit.log import get_logger
from dancu.oidc.service import upkeep

blueprint = Blueprint()
log = get_logger("dancu.oidc.jobs")


@blueprint.periodic(cron="40 * * * *")
@blueprint.task(name="rotate_keys", queueing_lock="oidc.rotate_keys")
async def rotate_keys(timestamp: int) -> None:
    """Hourly: lay down the next signing key when the newest has served its time."""
    if upkeep.rotate_keys(data_dir() / "keys"):
        log.info("next signing key laid down")


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="sweep", queueing_lock="oidc.sweep")
async def sweep(timestamp: int) -> None:
    """Every minute: marks whose time is over, families long ended."""
    async with connection("worker") as conn:
        marks, families = await upkeep.sweep(conn)
    if marks or families:
        log.info("swept", marks=marks, families=families)
