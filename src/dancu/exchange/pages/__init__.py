"""Pages of data exchange, and the list of their routers."""

from __future__ import annotations

from dancu.exchange.pages import (
    confirm,
    confirm_check,
    confirm_desk,
    consents,
    desk_papers,
    level_targets,
    papers,
    portal,
    portal_agreements,
    receipts_found,
    reconcile_runs,
    report,
    residence,
    residence_simulator,
    residence_watch,
    review,
    roadmap,
    service_levels,
    sources,
    subscriptions,
    traffic,
)
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
# One line per page module: router.include_router(module.router)
router.include_router(residence_simulator.router)
router.include_router(residence.router)
router.include_router(receipts_found.router)
router.include_router(residence_watch.router)
router.include_router(confirm.router)
router.include_router(confirm_desk.router)
router.include_router(confirm_check.router)
router.include_router(consents.router)
router.include_router(papers.router)
router.include_router(desk_papers.router)
router.include_router(portal.router)
router.include_router(portal_agreements.router)
router.include_router(subscriptions.router)
router.include_router(reconcile_runs.router)
router.include_router(review.router)
router.include_router(roadmap.router)
router.include_router(traffic.router)
router.include_router(report.router)
router.include_router(sources.router)
router.include_router(level_targets.router)
router.include_router(service_levels.router)

MENU: tuple[MenuItem, ...] = (
    MenuItem("desk", N_("Chứng minh nơi cư trú"), "/desk/residence", ("residence.prove",)),
    MenuItem("desk", N_("Cấp giấy xác nhận"), "/desk/confirmations", ("residence.prove",)),
    MenuItem("watch", N_("Thay sổ hộ khẩu"), "/watch/residence", ("exchange.watch", "dashboard.read")),
    MenuItem("desk", N_("Dữ liệu bộ, ngành"), "/desk/papers", ("paper.read",)),
    MenuItem("partner", N_("Kết nối của cơ quan"), portal.HOME, (portal.JOIN,)),
    MenuItem("watch", N_("Kết nối của cơ quan"), portal.HOME, (portal.JOIN,)),
    MenuItem("watch", N_("Duyệt kết nối"), review.HOME, (review.REVIEW, review.COORDINATE, review.WATCH)),
    MenuItem("watch", N_("Lộ trình chia sẻ"), roadmap.HOME, roadmap.SEERS),
    MenuItem("watch", N_("Lưu lượng chia sẻ"), traffic.HOME, traffic.SEERS),
    MenuItem("watch", N_("Báo cáo tháng"), report.HOME, report.SEERS),
    MenuItem("watch", N_("Nguồn dữ liệu"), sources.HOME, sources.SEERS),
    MenuItem("watch", N_("Mức dịch vụ"), service_levels.HOME, service_levels.SEERS),
    MenuItem("partner", N_("Lộ trình chia sẻ"), roadmap.HOME, roadmap.SEERS),
    MenuItem("partner", N_("Báo cáo tháng"), report.OWN, (portal.JOIN,)),
)

__all__ = ["MENU", "router"]
