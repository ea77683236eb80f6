"""The ministries' own databases as whoever is on duty sees them: do they answer, how fast, how old is what they say, when does the
next file come."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from dancu.exchange.connectors.catalogue import connectors
from dancu.exchange.connectors.client import Lines
from dancu.exchange.models.connectors import Connector
from dancu.exchange.models.sources import Drop, Drops, Fared, Health, SourceState, next_by
from dancu.exchange.service import drops
from dancu.exchange.store import sources as store
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn

_ORDER = (Health.OPEN, Health.FAILS, Health.OLD, Health.UNASKED, Health.ANSWERS, Health.NOT_CONNECTED)


async def states(conn: Conn, lines: Lines | None, folder: Path) -> list[SourceState]:
    """Every source there is a definition of, what needs somebody first. `lines`: this process's ways to them; `folder`: where
    files are laid down."""
    fared, taken = await store.fared(conn), await store.last_drops(conn)
    waiting, refused = await asyncio.to_thread(_files, folder)
    found = []
    for code, one in connectors().items():
        line = lines.lines.get(code) if lines is not None else None
        files = _drops(one, taken.get(code, []), waiting[code], refused[code])
        found.append(_state(one, line is not None, line is not None and line.breaker.is_open, fared.get(code), files))
    return sorted(found, key=lambda one: (_ORDER.index(one.health), not one.drop_overdue, one.title))


def _state(one: Connector, connected: bool, breaker_open: bool, fared: Fared | None, files: Drops | None) -> SourceState:
    return SourceState(
        one.code, one.title, one.owner, connected, breaker_open, fared, one.limits.seconds, one.freshness.old_days, SYSTEM_CLOCK.today(), files
    )


def _drops(one: Connector, taken: list[Drop], waiting: int, refused: int) -> Drops | None:
    if not taken and not waiting and not refused:
        return None
    last, before = (taken[0] if taken else None), (taken[1] if len(taken) > 1 else None)
    return Drops(last, next_by(last, before, one.freshness.old_days) if last else None, waiting, refused)


def _files(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """How many wait, and how many were refused and lie there, by source."""
    return Counter(path.parent.name for path in drops.waiting(folder)), Counter(path.parent.name for path in folder.glob(f"*/*{drops.REFUSAL}"))
