"""Pages of oidc: a citizen's connected services, and the portal where organisations register applications."""

from __future__ import annotations

from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem
from dancu.oidc.pages import portal, services

router = APIRouter(include_in_schema=False)
router.include_router(services.router)
router.include_router(portal.router)

MENU: tuple[MenuItem, ...] = (
    MenuItem("watch", N_("Ứng dụng kết nối"), portal.HOME, (portal.REGISTER, portal.APPROVE)),
)

__all__ = ["MENU", "router"]
