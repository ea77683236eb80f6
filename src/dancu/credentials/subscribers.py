"""Documents follow news: those chosen while enrolling are asked for, and what a desk has mended, or what was seen to have
changed at its source, is asked again."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from dancu.accounts.events import DOCUMENTS_CHOSEN
from dancu.credentials.rules import KINDS
from dancu.credentials.service import documents
from dancu.exchange.events import DISPUTE_SETTLED, PAPER_CHANGED
from dancu.kernel.actor import SYSTEM
from dancu.kit import events, jobs
from dancu.kit.db import Conn

NAME: Final = "credentials.documents"
TASK: Final = "credentials:again"
_ACTOR = replace(SYSTEM, request_id="credentials.news")


async def handle(conn: Conn, event: events.Event) -> None:
    """One event; its jobs exist exactly if the cursor moves."""
    key = event.person_key
    if key is None:
        return
    if event.topic == DOCUMENTS_CHOSEN:
        for code in event.payload.get("documents", ()):
            if code in KINDS:
                await documents.wish(conn, _ACTOR, documents.why(), key, code, "visit")
                await _ask(conn, key, code)
    elif event.topic in (DISPUTE_SETTLED, PAPER_CHANGED):
        for kind in KINDS.values():
            if kind.connector and kind.connector == event.payload.get("connector") and await documents.of(conn, key, kind.code):
                await _ask(conn, key, kind.code)


async def _ask(conn: Conn, key: int, code: str) -> None:
    if KINDS[code].connector:
        await jobs.defer(conn, TASK, {"person_key": key, "kind": code}, lock=f"document.{key}.{code}")


async def consume(conn: Conn) -> int:
    """The next events; how many were looked at."""
    return await events.consume(conn, NAME, handle, topics=frozenset({DOCUMENTS_CHOSEN, DISPUTE_SETTLED, PAPER_CHANGED}))
