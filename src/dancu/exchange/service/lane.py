"""The hot path: calls by number, many at once. Calls waiting at the same moment share one statement and one commit, in which
their replay marks are set, the gate decides, and their evidence and call lines are written; nobody waits for company."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dancu.audit import service as audit
from dancu.exchange.models.call import Call
from dancu.exchange.store import lane as store
from dancu.kit.batching import Batches, Connect
from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Ask:
    """`number`: digits. `needs`: the groups of the record wanted back. `evidence`: the fields the entry names. `verb`: what the
    entry calls the act."""

    call: Call
    number: str
    needs: tuple[str, ...]
    evidence: tuple[str, ...]
    permission: str
    verb: str


@dataclass(frozen=True, slots=True)
class Told:
    """`verdict`: 'ok', 'not_found', 'ambiguous', 'no_purpose' or 'replay'. `entry_id`: of the evidence; None for a replay.
    `record`: groups of the record. `content`: what the entry says, canonical."""

    verdict: str
    entry_id: int | None
    record: Mapping[str, Any] | None
    content: bytes


class Lane(Batches[Ask, Told]):
    """Raises Unavailable `exchange.busy` where too many wait, before anything of the call is spent."""

    def __init__(self, connect: Connect, *, queue: int = 1000, **bounds: Any) -> None:
        super().__init__(connect, self._told, busy="exchange.busy", queue=queue, **bounds)

    async def _told(self, conn: Conn, asks: Sequence[Ask]) -> list[Told]:
        # The line is written before the answer is ready: the time of this batch is foreseen from those before.
        until = time.time() + self.pace
        micros = [max(0, min(round((until - ask.call.received) * 1e6), 2**31 - 1)) for ask in asks]
        rows = await store.answer_many(conn, asks, micros)
        return [Told(*row, _content(ask, *row[:2])) for ask, row in zip(asks, rows, strict=True)]


def _content(ask: Ask, verdict: str, entry_id: int | None) -> bytes:
    """What the function of migrations/0110_calls_at_once.sql has recorded, as the leaf will commit to it."""
    if entry_id is None:
        return b""
    note = {"verb": ask.verb} if verdict == "ok" else {"verb": ask.verb, "verdict": verdict}
    return audit.content_of_client(entry_id, ask.call.reason, ask.call.message_id, ask.evidence, note)
