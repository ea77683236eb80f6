"""Handing out many persons at once: by area, page by page, each person with an evidence entry of its own."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.population.models import PersonView
from dancu.population.service.look import ALL_FIELDS, refusal
from dancu.population.store import facts, gate

PAGE = 500
_LEAST_REASON = 10


def check_reason(reason: str) -> str:
    """The written reason of an export, tidied. Raises Invalid `export.reason`."""
    tidy = " ".join(reason.split())
    if not _LEAST_REASON <= len(tidy) <= 500:
        raise Invalid("export.reason", "Hãy viết lý do xuất dữ liệu, từ 10 đến 500 ký tự: --reason.")
    return tidy


async def export_page(
    conn: Conn, actor: Actor, purpose: Purpose, reason: str, *, units: Sequence[int] | None = None, after: int = 0, size: int = PAGE
) -> tuple[list[PersonView], int]:
    """The next persons after key `after` and the key to go on from (0: that was all). Their entries (action "export")
    are in this transaction, so the caller hands nothing out before it is committed. Raises the gate's refusal."""
    note = {"verb": "person.export", "reason": reason}

    async def ask(on: Conn) -> list[tuple[str, int, int]]:
        return await gate.export_page(on, actor, purpose, units, after, size, ALL_FIELDS, note)

    rows = await ask(conn)
    if rows and rows[0][0] != "ok":
        error = refusal(rows[0][0])
        error.evidence = ask
        raise error
    keys = [row[1] for row in rows]
    found = await facts.load_view(conn, keys)
    return [found[key] for key in keys if key in found], keys[-1] if len(keys) == size else 0
