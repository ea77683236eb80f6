"""The gate's door for an act of law, which may join persons of several areas (migrations/0009_acts.sql)."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.population.store.gate import _session


async def open_for_act(
    conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int], places: Sequence[int], permission: str
) -> list[tuple[int | None, str]]:
    """(person_key, verdict) for each key; one row (None, verdict) where there are none. 'ok': of the officer's own area; 'party': of another, opened because the act
    is within reach through somebody else or through `places` (areas of the new residence)."""
    cursor = await conn.execute(
        "SELECT person_key, verdict FROM population.open_for_act(%s, %s::bigint, %s, %s::bytea, %s::bigint[],"
        " %s::int[], %s, %s, %s, %s, %s, %s)",
        (
            actor.kind, actor.actor_id, actor.org_code, _session(actor), list(keys), list(places), permission,
            purpose.code, purpose.legal_basis, purpose.case_ref or None, actor.request_id, actor.channel,
        ),
    )  # fmt: skip
    return await cursor.fetchall()
