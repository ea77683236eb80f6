"""A database that is restarted under a long import is waited for: the import connects again and goes on after the last
rows that were committed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from dancu.kernel.errors import Conflict, DancuError, Unavailable
from dancu.kit.i18n import N_
from dancu.population.importing import store

T = TypeVar("T")
PATIENCE: Final = 60.0  # seconds without a committed row after which nobody waits any longer
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0)  # between attempts; the last one again and again

Waiting = Callable[[float], None]
"""Told at the beginning of each outage for how many seconds it will be waited for."""


async def patiently(
    attempt: Callable[[], Awaitable[T]], position: Callable[[], int], *, patience: float, waiting: Waiting
) -> T:
    """`attempt` until it ends by itself. Where the connection is lost or not to be had, again after a pause, for at most
    `patience` seconds since the outage began; rows committed meanwhile (`position` moved) make it a new one. Then
    Unavailable `import.database_gone`; other failures are raised at once."""
    since: float | None = None
    reached, pauses = position(), 0
    while True:
        try:
            return await attempt()
        except Exception as error:
            if not (store.is_gone(error) or (since is not None and _still_claimed(error))):
                raise
            now = time.monotonic()
            if since is None or position() != reached:
                since, reached, pauses = now, position(), 0
                waiting(patience)
            if now - since >= patience:
                raise _gave_up(patience, error) from error
        await asyncio.sleep(_PAUSES[min(pauses, len(_PAUSES) - 1)])
        pauses += 1


def _still_claimed(error: Exception) -> bool:
    """The server has not noticed yet that our own connection of before is gone."""
    return isinstance(error, Conflict) and error.code == "import.running"


def _gave_up(patience: float, error: Exception) -> DancuError:
    if isinstance(error, Conflict):
        return error
    return Unavailable(
        "import.database_gone",
        N_("Không nối lại được với cơ sở dữ liệu sau {seconds} giây. Các dòng đã nhập vẫn còn: hãy chạy lại đúng lệnh này để làm tiếp."),
        seconds=round(patience),
    )
