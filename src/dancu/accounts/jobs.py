"""Timed work of accounts: checks of applications, reminders, waves, what is overdue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from procrastinate import Blueprint

from dancu.accounts.service import activate, check, closing, contacts_change, upkeep
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit import jobs
from dancu.kit.db import Conn, connection

blueprint = Blueprint()


@blueprint.task(name="check_application", retry=5)
async def check_application(ref: str) -> None:
    """As the application does: the gate decides and records, the worker's wider rights are not needed."""
    async with connection("app") as conn:
        await check.check(conn, ref)


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(name="check_forgotten", queueing_lock="accounts.check_forgotten")
async def check_forgotten(timestamp: int) -> None:
    """Applications whose check got lost (the worker died more often than it may)."""
    async with connection("worker") as conn:
        for ref in await upkeep.unchecked(conn):
            await jobs.defer(conn, "accounts:check_application", {"ref": ref}, lock=f"check {ref}")


@blueprint.periodic(cron="0 1 * * *")  # 08:00 in Vietnam
@blueprint.task(name="remind", queueing_lock="accounts.remind")
async def remind(timestamp: int) -> None:
    await _all_of(activate.remind)
    await _all_of(activate.wave)


async def _all_of(work: Callable[[Conn], Awaitable[int]]) -> None:
    """Again and again, each time in a transaction of its own, until nothing is left to do."""
    while True:
        async with connection("worker") as conn:
            if not await work(conn):
                return


@blueprint.periodic(cron="15 * * * *")
@blueprint.task(name="note_undelivered", queueing_lock="accounts.note_undelivered")
async def note_undelivered(timestamp: int) -> None:
    async with connection("worker") as conn:
        await activate.note_undelivered(conn)


@blueprint.periodic(cron="5-59/10 * * * *")
@blueprint.task(name="lapse_contact_changes", queueing_lock="accounts.lapse_contact_changes")
async def lapse_contact_changes(timestamp: int) -> None:
    """Changes of contact that no second officer confirmed in a day."""
    await _all_of(contacts_change.lapse)


@blueprint.periodic(cron="35 * * * *")
@blueprint.task(name="lock_without_card", queueing_lock="accounts.lock_without_card")
async def lock_without_card(timestamp: int) -> None:
    """Accounts whose holder's last card is revoked, or who hold one again, and that no news reached; some at a time."""
    for some in (upkeep.lock_without_card, upkeep.open_with_card):
        after: int | None = 0
        while after is not None:
            async with connection("worker") as conn:
                after = await some(conn, after)


@blueprint.periodic(cron="30 0 * * *")  # 07:30 in Vietnam, before the desks open
@blueprint.task(name="escalate", queueing_lock="accounts.escalate")
async def escalate(timestamp: int) -> None:
    """What is overdue goes on top of the lists and into the counts of the organisation above."""
    async with connection("worker") as conn:
        await upkeep.escalate(conn, SYSTEM_CLOCK.today())
        await upkeep.forget_portraits(conn)
        await upkeep.leave_visits(conn)


@blueprint.periodic(cron="20 18 * * *")  # 01:20 in Vietnam
@blueprint.task(name="close_accounts", queueing_lock="accounts.close_accounts")
async def close_accounts(timestamp: int) -> None:
    """Accounts of people who died are closed when the days of the rule have passed."""
    async with connection("worker") as conn:
        await closing.close_of_the_dead(conn)
