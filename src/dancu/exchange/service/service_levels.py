"""Service levels: what is promised of each data service against what was measured, and the provinces on a map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

from dancu.access import service as access
from dancu.exchange.models.roadmap import Group, Stage
from dancu.exchange.models.service_levels import Level, Measured, Standing, Target, Tile
from dancu.exchange.models.traffic import many_refused
from dancu.exchange.service import province_map, roadmap
from dancu.exchange.store import service_levels as store
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kit.db import Conn

PERIODS: Final = ("day", "month")
#: What the wall shows beside its figures of the same hours: a day that has just begun says nothing.
LAST_DAY: Final = "last_day"
_LAST: Final = Target(99.0, 5000)
_STANDINGS: Final = {
    Stage.NOT_JOINED: Standing.NOT_CONNECTED, Stage.SECURITY_CHECK: Standing.JOINING, Stage.SANDBOX: Standing.JOINING,
    Stage.SUSPENDED: Standing.STOPPED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Levels:
    """`services`: each service over all organisations; `levels`: each organisation and service, what was not kept first."""

    since: datetime
    until: datetime
    services: list[Level]
    levels: list[Level]
    tiles: list[Tile]

    @property
    def missed(self) -> int:
        return sum(not one.kept for one in self.levels)

    def standing(self, standing: str) -> int:
        """How many provinces stand so."""
        return sum(tile.standing == standing for tile in self.tiles)


async def levels(conn: Conn, period: str) -> Levels:
    """Of today ("day"), of this month ("month"), in Vietnam, or of the last 24 hours (LAST_DAY)."""
    until = SYSTEM_CLOCK.now()
    today = SYSTEM_CLOCK.today()
    since = until - timedelta(days=1) if period == LAST_DAY else datetime.combine(today.replace(day=1) if period == "month" else today, time(), VIETNAM)
    targets, english = await store.targets(conn), await access.english_names(conn)
    measured = [replace(one, name=english.get(one.org_code, one.name)) for one in await store.measured(conn, since, until + timedelta(seconds=1))]
    found = [Level(one, _target(targets, one.service, one.org_code)) for one in measured]
    return Levels(
        since, until, _by_service(measured, targets), sorted(found, key=lambda one: one.kept), await _tiles(conn, found)
    )


def _target(targets: dict[tuple[str, str], Target], service: str, org_code: str) -> Target:
    """The most particular promise."""
    for key in ((service, org_code), (service, ""), ("", org_code), ("", "")):
        if key in targets:
            return targets[key]
    return _LAST


def _by_service(measured: list[Measured], targets: dict[tuple[str, str], Target]) -> list[Level]:
    """`p95` is the slowest organisation's: that of all together cannot be told from theirs."""
    by: dict[str, list[Measured]] = {}
    for one in measured:
        by.setdefault(one.service, []).append(one)
    return [
        Level(
            Measured(
                "", "", service, sum(one.answered for one in rows), sum(one.refused for one in rows), sum(one.unanswered for one in rows),
                max(one.p95 for one in rows), max((one.last_at for one in rows if one.last_at), default=None),
            ),
            _target(targets, service, ""),
        )
        for service, rows in sorted(by.items())
    ]  # fmt: skip


async def _tiles(conn: Conn, found: list[Level]) -> list[Tile]:
    today = SYSTEM_CLOCK.today()
    lines = {line.org_code: line for line in (await roadmap.roadmap(conn, group=Group.PROVINCE)).lines}
    known = [(org.org_code, org.name) for org in await access.organisations(conn) if org.org_code in lines]  # a place is found by the Vietnamese name
    orgs = province_map.provinces_of(known, today)
    places = province_map.places(today)
    by: dict[str, list[Level]] = {}
    for one in found:
        by.setdefault(one.measured.org_code, []).append(one)
    tiles = []
    for unit in province_map.provinces(today):
        if unit.unit_id not in places:
            continue
        org = orgs.get(unit.unit_id, "")
        mine = by.get(org, [])
        calls = sum(one.measured.answered + one.measured.refused for one in mine)
        refused, unanswered = sum(one.measured.refused for one in mine), sum(one.measured.unanswered for one in mine)
        tiles.append(
            Tile(
                unit.code, unit.name, *places[unit.unit_id], _standing(lines[org].stage if org else Stage.NOT_JOINED, mine, calls, refused), org,
                calls, refused, unanswered,
            )
        )  # fmt: skip
    return tiles


def _standing(stage: Stage, mine: list[Level], calls: int, refused: int) -> Standing:
    if stage in _STANDINGS:
        return _STANDINGS[stage]
    if any(not one.kept for one in mine) or many_refused(calls, refused):
        return Standing.ERRORS
    return Standing.CALLS if calls else Standing.SILENT
