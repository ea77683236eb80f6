"""Pages of accounts."""

from __future__ import annotations

from dancu.accounts.pages import (
    account,
    activate,
    apply,
    approvals,
    authenticators,
    counter,
    doorstep,
    funnel,
    gives,
    helper,
    hotline,
    level2,
    locks,
    messages,
    offices,
    organisations,
    queue,
    recovery,
    sign_in,
    sign_in_more,
    subscriber,
    way_back,
)
from dancu.accounts.ports import subscriber_simulator
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
SHORTCUTS = sign_in.SHORTCUTS
SIGN_IN_PAGE = sign_in.page_here
PAGE_MARK = helper.page_mark
router.include_router(sign_in.router)
router.include_router(sign_in_more.router)
router.include_router(locks.router)
router.include_router(recovery.router)
router.include_router(way_back.router)
router.include_router(hotline.router)
router.include_router(apply.router)
router.include_router(activate.router)
router.include_router(gives.router)
router.include_router(queue.router)
router.include_router(funnel.router)
router.include_router(organisations.router)
router.include_router(subscriber_simulator.router)
router.include_router(subscriber.router)
router.include_router(messages.router)
router.include_router(account.router)
router.include_router(authenticators.router)
router.include_router(approvals.router)
router.include_router(counter.router)
router.include_router(level2.router)
router.include_router(offices.router)
router.include_router(helper.router)
router.include_router(doorstep.router)

MENU: tuple[MenuItem, ...] = (
    MenuItem("desk", N_("Hồ sơ định danh"), "/desk/eid", ("eid.application.read",)),
    MenuItem("watch", N_("Định danh điện tử"), "/watch/eid", ("dashboard.read",)),
    MenuItem("citizen", N_("Tài khoản của tôi"), "/account", ("citizen.self",)),
    MenuItem("desk", N_("Định danh tại quầy"), "/desk/eid/counter", ("eid.enrol",)),
    MenuItem("desk", N_("Định danh tại nhà"), "/desk/eid/doorstep", ("eid.enrol",)),
    MenuItem("desk", N_("Điểm định danh"), "/desk/eid/offices", ("eid.office",)),
    MenuItem("desk", N_("Lấy lại tài khoản"), "/desk/eid/recover", ("eid.recover",)),
    MenuItem("desk", N_("Khóa tài khoản định danh"), "/desk/eid/locks", ("eid.lock",)),
    MenuItem("desk", N_("Tổng đài tài khoản định danh"), "/desk/hotline", ("eid.hotline",)),
)

__all__ = ["MENU", "router"]
