"""Nightly work of the registry: areas follow the units, invariants across persons are checked."""

from __future__ import annotations

from procrastinate import Blueprint, RetryStrategy

from dancu.kit.db import open_connection
from dancu.kit.log import get_logger
from dancu.population.importing import desk, later
from dancu.population.service import areas, checks, pending

blueprint = Blueprint()
log = get_logger("dancu.population.jobs")


@blueprint.periodic(cron="15 17 * * *")  # 00:15 in Vietnam
@blueprint.task(name="recompute_areas", queueing_lock="population.recompute_areas")
async def recompute_areas(timestamp: int) -> None:
    """After a change of units: who lives in a split commune is visible to each candidate successor until
    placed."""
    conn = await open_connection("worker", autocommit=True)
    try:
        log.info("areas recomputed", persons=await areas.recompute_everyone(conn))
    finally:
        await conn.close()


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(name="resume_areas", queueing_lock="population.resume_areas")
async def resume_areas(timestamp: int) -> None:
    """A run that was stopped midway (the worker was restarted) goes on; where none was, or one is at work, nothing."""
    conn = await open_connection("worker", autocommit=True)
    try:
        if await areas.unfinished(conn):
            log.info("areas recomputed", persons=await areas.recompute_everyone(conn))
    finally:
        await conn.close()


@blueprint.periodic(cron="45 18 * * *")
@blueprint.task(name="check_invariants", queueing_lock="population.check_invariants")
async def check_invariants(timestamp: int) -> None:
    """Parents whose record came after their child's are linked; then what no single row's constraint can hold: kin
    mirrored, one directory, living heads of households."""
    conn = await open_connection("worker", autocommit=True)
    try:
        linked = await later.link_parents(conn)
        log.info("parents linked by number", waited=linked.waited, linked=linked.linked)
        async with conn.transaction():
            found = await checks.nightly(conn)
        log.info("invariants checked", new=found.new, **found.counts)
    finally:
        await conn.close()


class StillPending(Exception):
    """No number could be given yet."""


@blueprint.task(name="allocate_pending_number", retry=RetryStrategy(max_attempts=6, exponential_wait=10))
async def allocate_pending_number(person_key: int) -> None:
    """A number that the registration of a birth could not give. Asked for with the registration, tried a few times at
    growing distance; after that `allocate_pending_numbers` goes on asking every night."""
    conn = await open_connection("worker", autocommit=True)
    try:
        async with conn.transaction():
            given = await pending.allocate_pending(conn, person_key)
    finally:
        await conn.close()
    if not given:
        raise StillPending  # procrastinate tries again



@blueprint.periodic(cron="30 19 * * *")
@blueprint.task(name="allocate_pending_numbers", queueing_lock="population.allocate_pending_numbers")
async def allocate_pending_numbers(timestamp: int) -> None:
    """Everybody who still waits for a number: space may have been given to their place meanwhile."""
    conn = await open_connection("worker", autocommit=True)
    try:
        done = await pending.allocate_all_pending(conn)
        log.info("pending numbers", waited=done.waited, given=done.given)
    finally:
        await conn.close()


@blueprint.periodic(cron="20 19 * * *")
@blueprint.task(name="erase_imported", queueing_lock="population.erase_imported")
async def erase_imported(timestamp: int) -> None:
    """Rows of people that imports refused, and contents of rows the desk decided, past the days they may be kept."""
    conn = await open_connection("worker", autocommit=True)
    try:
        async with conn.transaction():
            rejects, reviews = await desk.erase_overdue(conn)
        log.info("imported rows erased", rejects=rejects, reviews=reviews)
    finally:
        await conn.close()
