"""/watch/exchange/sources: whoever is on duty sees how the ministries' own databases answer."""

from __future__ import annotations

from typing import Final

from dancu.exchange.models.connectors import Outcome
from dancu.exchange.models.sources import Health
from dancu.exchange.service import drops
from dancu.exchange.service import sources as service
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, DbConn, Request, Response, allow, render

HOME: Final = "/watch/exchange/sources"
SEERS: Final = ("exchange.watch", "dashboard.read")
router = APIRouter(prefix=HOME, dependencies=[allow(*SEERS)])
_WALL_SECONDS: Final = 30

HEALTH: Final = {
    Health.ANSWERS: ("done", N_("Trả lời")), Health.OLD: ("late", N_("Dữ liệu cũ")), Health.FAILS: ("late", N_("Đang lỗi")),
    Health.OPEN: ("refused", N_("Đã ngắt tạm thời")), Health.UNASKED: ("draft", N_("Chưa hỏi lần nào")),
    Health.NOT_CONNECTED: ("draft", N_("Chưa kết nối")),
}  # fmt: skip
WHY: Final = {
    Outcome.BUSY: N_("quá nhiều lượt cùng hỏi"), Outcome.OPEN: N_("lỗi liên tiếp nên tạm không hỏi"), Outcome.TIMEOUT: N_("không trả lời kịp"),
    Outcome.UNREACHABLE: N_("không nối tới được"), Outcome.REFUSED: N_("từ chối chúng ta"), Outcome.UNREADABLE: N_("câu trả lời không đọc được"),
    Outcome.WRONG_PERSON: N_("trả lời về người khác"), Outcome.OUTDATED: N_("dữ liệu cũ hơn lần trước"),
}  # fmt: skip


@router.get("")
async def show(request: Request, conn: DbConn, wall: str = "") -> Response:
    found = await service.states(conn, getattr(request.app.state, "lines", None), drops.folder())
    page = render(request, "exchange/sources.html", found=found, health=HEALTH, why=WHY, wall=bool(wall), at=SYSTEM_CLOCK.now())
    if wall:
        page.headers["Refresh"] = str(_WALL_SECONDS)
    return page
