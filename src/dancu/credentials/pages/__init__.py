"""Pages of integrated documents, and the list of their routers."""

from __future__ import annotations

from dancu.credentials.pages import check, wallet
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
# One line per page module: router.include_router(module.router)
router.include_router(wallet.router)
router.include_router(check.router)

MENU: tuple[MenuItem, ...] = (MenuItem("desk", N_("Kiểm tra giấy tờ"), check.HOME, ("document.check",)),)

__all__ = ["MENU", "router"]
