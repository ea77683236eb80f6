"""`dancu audit`, told who acts: the log's own room stands below the one that knows staff."""

from __future__ import annotations

from typing import Any

from dancu.audit import commands


async def _staff(conn: Any, os_user: str) -> Any:
    from dancu.access import service as access

    return await access.actor_for_os_user(conn, os_user)


commands.resolve_actor = _staff
app = commands.app
