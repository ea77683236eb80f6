"""`dancu audit`, told who acts and what other rooms check of themselves: the log's own room stands below them all."""

from __future__ import annotations

from typing import Any

from dancu.audit import commands


async def _staff(conn: Any, os_user: str) -> Any:
    from dancu.access import service as access

    return await access.actor_for_os_user(conn, os_user)


async def _population(conn: Any, report: Any) -> None:
    from dancu.population.service import worked_out

    await worked_out.check(conn, report)


commands.resolve_actor = _staff
commands.derived.append(_population)
app = commands.app
