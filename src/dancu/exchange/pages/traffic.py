"""/watch/exchange/traffic: calls by organisation and service; one organisation by acting officer; and the wall of the operations centre."""

from __future__ import annotations

from typing import Final

from dancu.exchange.connectors.catalogue import connectors
from dancu.exchange.models.sources import Health
from dancu.exchange.models.verdicts import VERDICTS
from dancu.exchange.pages import sources
from dancu.exchange.pages.service_levels import STANDINGS
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import drops, programs, report, service_levels, traffic
from dancu.exchange.service import sources as source_service
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render
from dancu.sharing.models import SERVICES

HOME: Final = "/watch/exchange/traffic"
SEERS: Final = ("exchange.watch", "dashboard.read")
router = APIRouter(prefix=HOME)
_HOURS: Final = (1, 24, 168)
_WALL_SECONDS: Final = 30
#: What fits on a wall beside the map, to be read from across the room.
_WALL_ROWS: Final = 7
_FINE: Final = (Health.ANSWERS, Health.UNASKED)


@router.get("", dependencies=[allow(*SEERS)])
async def show(request: Request, conn: DbConn, actor: CurrentActor, hours: int = 24, wall: str = "") -> Response:
    """The last 1, 24 or 168 hours; `wall` is one screen that renews itself."""
    hours = hours if hours in _HOURS and not wall else 24
    found = await traffic.last(conn, hours)
    levels = await service_levels.levels(conn, service_levels.LAST_DAY if wall else "day")
    held, undelivered = await programs.held(conn), await traffic.undelivered(conn)
    if not wall:
        return render(
            request, "exchange/traffic.html", found=found, services=SERVICES, hours=hours, choices=_HOURS, levels=levels, held=held, undelivered=undelivered, verdicts=VERDICTS,
            titles={code: one.title for code, one in connectors().items()}, why=sources.WHY, may_open=actor.can(policy.WATCH),
        )  # fmt: skip
    states = await source_service.states(conn, getattr(request.app.state, "lines", None), drops.folder())
    page = render(
        request, "exchange/wall.html", found=found, levels=levels, held=held, states=states, services=SERVICES, standings=STANDINGS, health=sources.HEALTH,
        why=sources.WHY, rows=_WALL_ROWS, undelivered=undelivered, missed=[one for one in levels.levels if not one.kept],
        refused=[line for line in found.lines if line.many_refused],
        troubled=[one for one in states if one.health not in _FINE or one.drop_overdue],
    )  # fmt: skip
    page.headers["Refresh"] = str(_WALL_SECONDS)
    return page


@router.get("/{org_code}", dependencies=[allow(policy.WATCH)])
async def one(request: Request, conn: DbConn, org_code: str, hours: int = 24) -> Response:
    """One organisation: its trend, its services, the officers its programs named."""
    hours = hours if hours in _HOURS else 24
    found, name, officers, days = await report.of_organisation(conn, org_code, hours)
    return render(
        request, "exchange/traffic_of.html", found=found, name=name, org_code=org_code, officers=officers, days=days, services=SERVICES, hours=hours,
        choices=_HOURS, verdicts=VERDICTS,
    )  # fmt: skip
