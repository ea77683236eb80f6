"""Nightly work: rights follow validity and units, ended sessions and full buckets are forgotten."""

from __future__ import annotations

from procrastinate import Blueprint

from dancu.access import service
from dancu.kit.authn import throttle
from dancu.kit.db import connection

blueprint = Blueprint()


@blueprint.periodic(cron="5 17 * * *")  # 00:05 in Vietnam: days begin there
@blueprint.task(name="recompute_rights", queueing_lock="access.recompute_rights")
async def recompute_rights(timestamp: int) -> None:
    async with connection("worker") as conn:
        await service.recompute_all(conn)


@blueprint.periodic(cron="25 18 * * *")
@blueprint.task(name="sweep", queueing_lock="access.sweep")
async def sweep(timestamp: int) -> None:
    async with connection("worker") as conn:
        await service.sweep(conn)
        await throttle.sweep(conn)
