"""Registered → approved → told → activated → used, by commune, week and channel, and why some stop on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from dancu.accounts.models.funnel import Listed, Stage
from dancu.accounts.store import funnel as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kit.db import Conn
from dancu.territory.service import gazetteer

STAGES = ("applied", "approved", "notified", "activated", "used")
WEEKS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """Counts under one heading; `key` is what the rows behind it are asked by (a commune's id, a Monday, a channel)."""

    key: str
    title: str
    applied: int
    approved: int
    notified: int
    activated: int
    used: int

    @property
    def share(self) -> int | None:
        """Percent of the approved that were activated; None where nobody was approved."""
        return round(100 * self.activated / self.approved) if self.approved else None


@dataclass(frozen=True, slots=True)
class Funnel:
    """`stages`: what the lines are sums of, by commune, week and channel."""

    total: Line
    communes: tuple[Line, ...]
    weeks: tuple[Line, ...]
    channels: tuple[Line, ...]
    idle: tuple[tuple[str, int], ...]
    stages: tuple[Stage, ...] = ()


async def funnel(conn: Conn, actor: Actor, purpose: Purpose, *, weeks: int = WEEKS, clock: Clock = SYSTEM_CLOCK) -> Funnel:
    """The last `weeks` weeks of the actor's area. Needs `dashboard.read`."""
    today = clock.today()
    since = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
    stages = await store.stages(conn, actor, purpose, since)
    reasons: dict[str, int] = defaultdict(int)
    for _, reason, count in await store.idle(conn, actor, since):
        reasons[reason] += count
    communes = {str(s.unit_id): gazetteer().unit(s.unit_id).title for s in stages}
    return Funnel(
        _line("", "", stages),
        tuple(sorted(_grouped(stages, lambda s: str(s.unit_id), communes), key=lambda line: line.share or 0)),
        tuple(_grouped(stages, lambda s: s.week.isoformat(), {s.week.isoformat(): f"{s.week:%d/%m/%Y}" for s in stages})),
        tuple(_grouped(stages, lambda s: s.channel, {s.channel: s.channel for s in stages})),
        tuple(sorted(reasons.items(), key=lambda item: -item[1])),
        tuple(sorted(stages, key=lambda s: (s.unit_id, s.week, s.channel))),
    )


def _grouped(stages: list[Stage], of: Callable[[Stage], str], titles: dict[str, str]) -> list[Line]:
    groups: dict[str, list[Stage]] = defaultdict(list)
    for stage in stages:
        groups[of(stage)].append(stage)
    return [_line(key, titles[key], groups[key]) for key in sorted(groups)]


def _line(key: str, title: str, stages: Iterable[Stage]) -> Line:
    rows = list(stages)
    return Line(key, title, *(sum(getattr(row, stage) for row in rows) for stage in STAGES))


async def accounts_behind(
    conn: Conn, actor: Actor, purpose: Purpose, *, unit_id: int | None = None, week: date | None = None, channel: str = "",
    stage: str = "idle", reason: str | None = None, limit: int = 100,
) -> list[Listed]:  # fmt: skip
    """Accounts behind a figure. Needs `eid.application.read`; an entry per person listed. `reason` None: any; "": those
    nobody has noted a reason for."""
    return await store.listed(
        conn, actor, purpose, unit_id=unit_id, week=week, channel=channel or None, stage=stage, reason=reason, limit=limit
    )  # fmt: skip
