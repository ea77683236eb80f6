"""The file of rows that could not be read: the partner's columns as they came, then which row it was and why."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dancu.exchange.models.reconcile import Outcome, Run
from dancu.exchange.service.reconcile import results
from dancu.exchange.service.reconcile.reading import Source, profile
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.kit.keys import KeyRing
from dancu.kit.sheets import rejects


async def write(conn: Conn, keys: KeyRing, run: Run, file: Path) -> str | None:
    """Write the file beside the partner's; its path, None where every row could be read."""
    if not run.counts.get(Outcome.REJECTED.value):
        return None
    source = await asyncio.to_thread(Source, file, profile(run.profile), SYSTEM_CLOCK.today())
    try:
        path = rejects.beside(file)
        await rejects.write(path, source.sheet, results.rejects(conn, keys, run.run_no))
        return str(path)
    finally:
        source.close()
