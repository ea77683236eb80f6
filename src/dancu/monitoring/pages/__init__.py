"""Pages of oversight: who looked, the auditor's log, figures, alerts."""

from __future__ import annotations

from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem
from dancu.monitoring.pages import alerts, log, marks, permitted

router = APIRouter(include_in_schema=False)
router.include_router(log.router)
router.include_router(marks.router)
router.include_router(alerts.router)
router.include_router(permitted.router)

MENU: tuple[MenuItem, ...] = (
    MenuItem("citizen", N_("Ai đã xem dữ liệu của tôi"), "/me/looks", ("citizen.self",)),
    MenuItem("watch", N_("Số liệu"), "/watch", ("dashboard.read",)),
    MenuItem("watch", N_("Nhật ký truy cập"), "/watch/log", ("audit.read",)),
    MenuItem("watch", N_("Tra cứu bất thường"), "/watch/unusual", ("audit.read",)),
    MenuItem("watch", N_("Cảnh báo"), alerts.HOME, (alerts.DECIDE,)),
)

__all__ = ["MENU", "router"]
