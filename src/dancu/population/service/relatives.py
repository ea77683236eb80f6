"""What relatives are called now, beside what was declared of them."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.population.service.look import look
from dancu.population.store import facts


async def names_now(conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int]) -> dict[int, str]:
    """Present names of those who may be seen, each a look of its own; the others are left out."""
    verdicts = await look(conn, actor, purpose, keys, ("name",)) if keys else []
    views = await facts.load_view(conn, [v.person_key for v in verdicts if v.ok])
    return {key: view.name.full_name for key, view in views.items() if view.name is not None}
