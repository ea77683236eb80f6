"""How many people a province has and how complete their records are, by commune of today."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.names import sort_key
from dancu.kit.db import Conn
from dancu.population.store import figures as store
from dancu.territory import service as territory


@dataclass(frozen=True, slots=True)
class Figure:
    """One unit of today. `level` 1 is a province, 3 a commune."""

    unit_id: int
    name: str
    level: int
    alive: int
    incomplete: int
    died_last_year: int


async def figures(conn: Conn, actor: Actor, purpose: Purpose) -> list[Figure]:
    """The actor's area by unit, provinces first, communes in Vietnamese order. A person of a split commune counts at
    each candidate, so communes may add up to more than their province. Raises NotAllowed without `dashboard.read`."""
    gazetteer, today = territory.gazetteer(), SYSTEM_CLOCK.today()
    found = []
    for unit_id, alive, incomplete, died in await store.figures(conn, actor, purpose):
        unit = gazetteer.unit(unit_id)
        name = unit.title if unit.level == 1 else gazetteer.full_name(unit_id, today)
        found.append(Figure(unit_id, name, unit.level, alive, incomplete, died))
    return sorted(found, key=lambda f: (f.level, sort_key(f.name)))
