"""/watch/exchange/traffic: calls by organisation and service, for the wall; a month of it for paper and spreadsheets."""

from __future__ import annotations

import csv
import io

from dancu.exchange.pages.service_levels import STANDINGS
from dancu.exchange.service import service_levels, traffic
from dancu.kit.web import APIRouter, DbConn, Request, Response, allow, render
from dancu.sharing.models import SERVICES

HOME = "/watch/exchange/traffic"
SEERS = ("exchange.watch", "dashboard.read")
router = APIRouter(prefix=HOME, dependencies=[allow(*SEERS)])
_HOURS = (1, 24, 168)
_WALL_SECONDS = 30


@router.get("")
async def show(request: Request, conn: DbConn, hours: int = 24, month: str = "", wall: str = "") -> Response:
    """The last 1, 24 or 168 hours, or a month; `wall` renews itself."""
    found = await traffic.of_month(conn, month) if month else await traffic.last(conn, hours if hours in _HOURS else 24)
    levels = await service_levels.levels(conn, "month" if month else "day")
    page = render(
        request, "exchange/traffic.html", found=found, services=SERVICES, hours=hours, month=month, wall=bool(wall), choices=_HOURS, levels=levels,
        standings=STANDINGS,
    )  # fmt: skip
    if wall:
        page.headers["Refresh"] = str(_WALL_SECONDS)
    return page


@router.get("/{month}.csv")
async def table(request: Request, conn: DbConn, month: str) -> Response:
    """The month's report as a table: one line per organisation and service."""
    found = await traffic.of_month(conn, month)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["org_code", "service", "calls", "refused", "persons", "officers", "p50_ms", "p95_ms", "last_at"])
    for line in found.lines:
        writer.writerow([line.org_code, line.service, line.calls, line.refused, line.persons, line.officers, f"{line.p50:.1f}", f"{line.p95:.1f}",
                         line.last_at.isoformat()])  # fmt: skip
    return Response(
        out.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="chia-se-{month}.csv"'}
    )
