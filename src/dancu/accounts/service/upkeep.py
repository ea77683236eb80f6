"""What is done for applications without anybody asking: checks that got lost, what is overdue, portraits no longer needed."""

from __future__ import annotations

from datetime import date

from dancu.accounts.events import APPLICATION_OVERDUE
from dancu.accounts.store import applications
from dancu.kit import events
from dancu.kit.db import Conn

_PORTRAIT_DAYS = 30  # after the decision


async def unchecked(conn: Conn) -> list[str]:
    """References of applications whose check got lost."""
    return list(await applications.unchecked(conn))


async def escalate(conn: Conn, today: date) -> int:
    """Overdue applications go on top of the queue of the organisation above, whose area holds the commune; each is an
    event. Returns how many."""
    late = await applications.escalate(conn, today)
    for application_id, _ in late:
        await events.emit(conn, APPLICATION_OVERDUE, None, {"application_id": application_id})
    return len(late)


async def forget_portraits(conn: Conn) -> None:
    """Portraits of applications decided long ago."""
    await applications.drop_portraits(conn, _PORTRAIT_DAYS)
