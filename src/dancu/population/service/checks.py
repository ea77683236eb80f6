"""The nightly check: what no constraint can hold because it spans persons. Locks in the verbs keep it; this
finds what got past them (a bulk import, a fault, a hand in the database)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.population.store import checks as store
from dancu.population.store.checks import Found

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings by kind (at most `MOST` of each), and how many were not known before."""

    counts: dict[str, int]
    new: int

    @property
    def ok(self) -> bool:
        return not any(self.counts.values())


async def findings(conn: Conn, today: date | None = None, most: int = MOST) -> list[Found]:
    """Everything found now; writes nothing (role verify or worker)."""
    day = today or SYSTEM_CLOCK.today()
    found: list[Found] = []
    for code in store.QUERIES:
        found.extend(await store.ask(conn, code, day, most))
    return [*found, *await store.cycles(conn)]


async def nightly(conn: Conn, today: date | None = None) -> Checked:
    """Find, and keep what is new for the work on quality (role worker)."""
    counts = dict.fromkeys([*store.QUERIES, "kin.cycle"], 0)
    new = 0
    for one in await findings(conn, today):
        counts[one.code] += 1
        new += await store.keep(conn, one)
    return Checked(counts, new)
