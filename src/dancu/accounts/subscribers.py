"""What accounts make of the registry's news: who died cannot sign in, whose death was an error can again. Each event is
handled in the transaction that moves the subscriber's cursor, and its lock is of one ground: twice the same news is once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground
from dancu.accounts.service import core, locks, offices
from dancu.cards.events import CARD_PRODUCED
from dancu.kernel.actor import SYSTEM
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.population.events import CardChanged, DeathUndone, MergeUndone, PersonDied, RecordsMerged
from dancu.population.models import CardState

NAME: Final = "accounts.protection"


async def _died(conn: Conn, key: int, event: events.Event) -> None:
    await locks.registry_says(conn, SYSTEM, key, Ground.DEATH)


async def _lives(conn: Conn, key: int, event: events.Event) -> None:
    await locks.registry_unsays(conn, SYSTEM, key, Ground.DEATH)


async def _card(conn: Conn, key: int, event: events.Event) -> None:
    state = event.payload.get("state")
    if state == CardState.REVOKED:
        await locks.registry_says(conn, SYSTEM, key, Ground.CARD_REVOKED)
    elif state == CardState.ACTIVE:
        await locks.registry_unsays(conn, SYSTEM, key, Ground.CARD_REVOKED)
    elif state == CardState.LOST:  # the account stays in use; who did not report it themselves must hear of it
        found = await core.account(conn, key)
        if found is not None and found.state is not AccountState.CLOSED:
            await locks.tell(conn, key, "card.lost")


async def _absorbed(conn: Conn, key: int, event: events.Event) -> None:
    await locks.registry_says(conn, SYSTEM, key, Ground.RECORD_MERGED)


async def _parted(conn: Conn, key: int, event: events.Event) -> None:
    await locks.registry_unsays(conn, SYSTEM, key, Ground.RECORD_MERGED)


async def _card_came(conn: Conn, key: int, event: events.Event) -> None:
    """Whoever has an account is told that the card is there, and where."""
    found, office = await core.account(conn, key), str(event.payload.get("office", ""))
    if found is None or found.state is AccountState.CLOSED:
        return
    place = await offices.name_of(conn, int(office)) if office.isdecimal() else ""
    await core.notify(conn, key, "card.ready" if place else "card.ready_somewhere", place=place)


HANDLERS: Final[dict[str, Callable[[Conn, int, events.Event], Awaitable[None]]]] = {
    PersonDied.topic: _died,
    DeathUndone.topic: _lives,
    CardChanged.topic: _card,
    RecordsMerged.topic: _absorbed,
    MergeUndone.topic: _parted,
    CARD_PRODUCED: _card_came,
}


async def handle(conn: Conn, event: events.Event) -> None:
    """One event of the registry; others pass."""
    handler = HANDLERS.get(event.topic)
    if handler is not None and event.person_key is not None:
        await handler(conn, event.person_key, event)


async def consume(conn: Conn) -> int:
    """The next events; how many were looked at. Called by the worker until there are none."""
    return await events.consume(conn, NAME, handle, topics=frozenset(HANDLERS))
