"""Forgetting what is over."""

from __future__ import annotations

from datetime import datetime

from dancu.credentials.store import documents as store
from dancu.kit.db import Conn


async def sweep(conn: Conn, before: datetime) -> int:
    """Screens that ended before; how many."""
    return await store.sweep(conn, before)
