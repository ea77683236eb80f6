"""Timed work of oidc: keys are replaced in time, what means nothing any more is forgotten."""

from __future__ import annotations

from procrastinate import Blueprint, RetryStrategy

from dancu.access import service as access
from dancu.kit.db import connection, data_dir
from dancu.kit.log import get_logger
from dancu.oidc.service import notices, published, upkeep
from dancu.oidc.service.keys import SigningKeys
from dancu.oidc.service.seal import Sealer

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


@blueprint.task(name="tell_service", retry=RetryStrategy(max_attempts=8, exponential_wait=4))
async def tell_service(person_key: int, client_no: int, sid: str, issuer: str, demo: bool) -> None:
    """A citizen ended one service: it hears so (back-channel logout), and again until it answers."""
    folder = data_dir() / "keys" / "oidc"
    async with connection("worker") as conn:
        await notices.tell_one(conn, SigningKeys(folder), Sealer(folder), person_key, client_no, sid, issuer, demo=demo)


@blueprint.periodic(cron="25 * * * *")
@blueprint.task(name="read_published_keys", queueing_lock="oidc.read_published_keys")
async def read_published_keys(timestamp: int) -> None:
    """Hourly: the keys that clients publish at addresses of their own."""
    async with connection("worker") as conn:
        changed = await published.refresh(conn, local=await access.is_demo(conn))
    if changed:
        log.info("published keys changed", clients=changed)
