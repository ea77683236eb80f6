"""/watch/exchange/service-levels: what is promised of data services and what was measured; the provinces on a map."""

from __future__ import annotations

from typing import Final

from dancu.exchange.models.service_levels import Standing
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import service_levels as service
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render
from dancu.sharing.models import SERVICES

HOME: Final = "/watch/exchange/service-levels"
SEERS: Final = ("exchange.watch", "dashboard.read")
router = APIRouter(prefix=HOME, dependencies=[allow(*SEERS)])
_WALL_SECONDS: Final = 60

#: Word of the one vocabulary of status, text, and the mark on a tile: colour alone says nothing to many.
STANDINGS: Final = {
    Standing.CALLS: ("done", N_("Đang gọi"), "✓"), Standing.ERRORS: ("late", N_("Có lỗi"), "!"), Standing.SILENT: ("draft", N_("Chưa gọi"), "–"),
    Standing.JOINING: ("us", N_("Đang kết nối"), "…"), Standing.STOPPED: ("refused", N_("Đang tạm dừng"), "×"),
    Standing.NOT_CONNECTED: ("draft", N_("Chưa kết nối"), "○"),
}  # fmt: skip


@router.get("")
async def show(request: Request, conn: DbConn, actor: CurrentActor, period: str = "day", wall: str = "") -> Response:
    """Today or this month; `wall` renews itself."""
    period = period if period in service.PERIODS else "day"
    page = render(
        request, "exchange/service_levels.html", found=await service.levels(conn, period), period=period, wall=bool(wall), services=SERVICES,
        standings=STANDINGS, may_open=actor.can(policy.WATCH) and not wall,
    )  # fmt: skip
    if wall:
        page.headers["Refresh"] = str(_WALL_SECONDS)
    return page
