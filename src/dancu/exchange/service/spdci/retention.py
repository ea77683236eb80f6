"""How long messages of this dialect are kept: that one came (so that it counts once) and what became of it, without its data."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dancu.exchange.store import dialects as store
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kit.db import Conn

#: A sender asks after a message for days, not months; a partner's own log of calls is compared within the quarter.
KEPT: Final = timedelta(days=90)
_AT_ONCE: Final = 10_000


async def forget(conn: Conn, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Erase some of what is older (role worker); how many rows, 0 once there is no more."""
    return await store.forget(conn, clock.now() - KEPT, _AT_ONCE)
