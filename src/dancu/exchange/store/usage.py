"""Since when there is an evidence log."""

from __future__ import annotations

from datetime import datetime

from dancu.kit.db import Conn


async def kept_since(conn: Conn) -> datetime | None:
    """When the log was laid down; None where it was not."""
    row = await (await conn.execute("SELECT applied_at FROM public.dancu_migration WHERE name = '0003_audit.sql'")).fetchone()
    return row[0] if row else None
