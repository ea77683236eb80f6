"""What is done for applications without anybody asking: checks that got lost, what is overdue, portraits no longer needed."""

from __future__ import annotations

from datetime import date

from dancu.accounts.events import APPLICATION_OVERDUE, LOCK_REQUEST_OVERDUE, VISIT_OVERDUE
from dancu.accounts.models.locks import Ground
from dancu.accounts.service import locks as locking
from dancu.accounts.service.visit.common import recorded
from dancu.accounts.store import applications, locks
from dancu.accounts.store import level2 as visits
from dancu.kernel.actor import SYSTEM
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.population import service as population

_PORTRAIT_DAYS = 30  # after the decision
_VISIT_DAYS = 1  # nobody stands at a counter longer
_CARDS = 200  # in one transaction


async def unchecked(conn: Conn) -> list[str]:
    """References of applications whose check got lost."""
    return list(await applications.unchecked(conn))


async def escalate(conn: Conn, today: date) -> int:
    """What nobody did in time (applications, visits that wait for a second officer, requests for a lock) goes on top of the
    list, of the organisation above too, and into its count; each is an event. Returns how many."""
    late = await applications.escalate(conn, today)
    for application_id, _ in late:
        await events.emit(conn, APPLICATION_OVERDUE, None, {"application_id": application_id})
    waiting = await visits.escalate(conn, today)
    for key, visit_id in waiting:
        await events.emit(conn, VISIT_OVERDUE, key, {"visit_id": visit_id})
    asked = await locks.escalate(conn, today)
    for key, lock_id in asked:
        await events.emit(conn, LOCK_REQUEST_OVERDUE, key, {"lock_id": lock_id})
    return len(late) + len(waiting) + len(asked)


async def forget_portraits(conn: Conn) -> None:
    """Portraits of applications decided long ago."""
    await applications.drop_portraits(conn, _PORTRAIT_DAYS)


async def lock_without_card(conn: Conn, after: int, *, most: int = _CARDS) -> int | None:
    """Lock, as its news would have, the accounts of people whose last card is revoked and whose account never heard of it: it was made
    before such accounts were held, or the revocation came in bulk and told nobody. Looks at up to `most` revoked cards of persons above
    `after`; the last person looked at, None where there are no more."""
    looked_at = await population.without_card(conn, after, most=most)
    unheard = await locks.usable_despite(conn, looked_at, Ground.CARD_REVOKED)
    for key in await population.still_without_card(conn, unheard) if unheard else ():
        await locking.registry_says(conn, SYSTEM, key, Ground.CARD_REVOKED)
    return looked_at[-1] if len(looked_at) == most else None


async def open_with_card(conn: Conn, after: int, *, most: int = _CARDS) -> int | None:
    """Open, as its news would have, the accounts of people who hold a card in force again and of whom none came: the card came in bulk,
    or the revocation was an error put right. Looks at up to `most` such locks of persons above `after`; returns as `lock_without_card`."""
    looked_at = await locks.locked_by(conn, Ground.CARD_REVOKED, after, most)
    for key in await population.with_card_again(conn, looked_at) if looked_at else ():
        await locking.registry_unsays(conn, SYSTEM, key, Ground.CARD_REVOKED)
    return looked_at[-1] if len(looked_at) == most else None


async def leave_visits(conn: Conn) -> int:
    """Visits at which the citizen left and nobody said so: they would keep a face and fingers, and bar the next visit. How many."""
    found = await visits.leave(conn, _VISIT_DAYS)
    for key, visit_id in found:
        await recorded(conn, SYSTEM, key, "visit.left", visit=visit_id)
    return len(found)
