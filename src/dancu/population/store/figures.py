"""Counts for those who steer; the database checks the right and the area."""

from __future__ import annotations

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn


async def figures(conn: Conn, actor: Actor, purpose: Purpose) -> list[tuple[int, int, int, int]]:
    """(unit_id, alive, incomplete, died in the last year) per unit of today in the actor's area."""
    cursor = await conn.execute(
        "SELECT unit_id, alive, incomplete, died_last_year FROM population.figures(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s)",
        (
            actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code, purpose.legal_basis,
            actor.request_id, actor.channel,
        ),
    )  # fmt: skip
    return await cursor.fetchall()
