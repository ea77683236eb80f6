"""Keeping documents live (role worker): each source is asked again in turn, soon after it could not be asked, and at once when a
desk has mended what stood in the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

from dancu.audit import service as audit
from dancu.credentials.rules import KINDS, REFRESH_HOURS, TRY_AGAIN_MINUTES
from dancu.credentials.service import documents
from dancu.credentials.store import documents as store
from dancu.exchange.models.papers import Asking
from dancu.exchange.service import papers
from dancu.exchange.service.connected import Lines
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.population.service.look import opened

Transaction = Callable[[], AbstractAsyncContextManager[Conn]]
_ACTOR = replace(SYSTEM, request_id="credentials.refresh")


async def due(conn: Conn, limit: int) -> list[tuple[int, str]]:
    """(person, kind) to be asked about now."""
    now = SYSTEM_CLOCK.now()
    return await store.due(conn, now - timedelta(hours=REFRESH_HOURS), now - timedelta(minutes=TRY_AGAIN_MINUTES), limit)


async def again(transaction: Transaction, lines: Lines, key: int, code: str) -> None:
    """Ask the source of one kind of document of one person, and settle what it says. The evidence is committed before it is asked;
    no transaction waits for it."""
    kind = KINDS.get(code)
    if kind is None or not kind.connector:
        return
    why = documents.why()
    async with transaction() as conn:
        view = await opened(conn, key)
        if view.personal_id is None or view.death is not None or view.merged_into is not None:
            return
        note = {"verb": "document.refresh", "kind": code}
        (entry_id,) = await audit.record(
            conn, _ACTOR, why, action="read", subjects=[key], fields=["number", *papers.IDENTITY, f"paper.{kind.connector}"], note=note
        )
        asking = Asking(key, kind.connector, view.personal_id.number, entry_id, await papers.kept(conn, key, kind.connector), view)
    fetched = await lines.ask(kind.connector, asking.number)
    async with transaction() as conn:
        shown = await papers.settle(conn, asking, fetched, worker=True, news=False)
        await documents.settle(conn, _ACTOR, why, key, code, shown)
