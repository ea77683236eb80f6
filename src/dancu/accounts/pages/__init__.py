"""Pages of accounts."""

from __future__ import annotations

from dancu.accounts.pages import account, authenticators, counter, helper, level2, messages, offices, sign_in
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
router.include_router(sign_in.router)
router.include_router(messages.router)
router.include_router(account.router)
router.include_router(authenticators.router)
router.include_router(counter.router)
router.include_router(level2.router)
router.include_router(offices.router)
router.include_router(helper.router)

MENU: tuple[MenuItem, ...] = (
    MenuItem("desk", "Định danh tại quầy", "/desk/eid/counter", ("eid.enrol",)),
    MenuItem("desk", "Điểm định danh", "/desk/eid/offices", ("eid.office",)),
)

__all__ = ["MENU", "router"]
