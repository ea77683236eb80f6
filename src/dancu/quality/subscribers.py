"""Cases follow the news of rooms below (quality.events.OPENING). Each event is handled in the transaction that moves the
cursor; the same news while its case waits is counted, not opened again."""

from __future__ import annotations

from typing import Final

from dancu.kernel.actor import SYSTEM
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.quality.events import OPENING, TOLD
from dancu.quality.service.opening import open_for, opening_of, told_more

NAME: Final = "quality.cases"
_AT_ONCE: Final = 200


async def handle(conn: Conn, event: events.Event) -> None:
    """One event; news about nobody passes."""
    if event.person_key is None:
        return
    if event.topic == TOLD:
        await told_more(conn, event.person_key, str(event.payload.get("ref", "")), str(event.payload.get("source", "")))
    else:
        await open_for(conn, SYSTEM, event.person_key, opening_of(event.topic, event.payload))


async def consume(conn: Conn) -> int:
    """The next events; how many were looked at. Called by the worker until there are none."""
    return await events.consume(conn, NAME, handle, topics=frozenset({*OPENING, TOLD}), batch=_AT_ONCE)
