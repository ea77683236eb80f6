"""Pages of accounts."""

from __future__ import annotations

from dancu.accounts.pages import sign_in
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
router.include_router(sign_in.router)

MENU: tuple[MenuItem, ...] = ()

__all__ = ["MENU", "router"]
