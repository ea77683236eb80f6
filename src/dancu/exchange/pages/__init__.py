"""Pages of data exchange, and the list of their routers."""

from __future__ import annotations

from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
# One line per page module: router.include_router(module.router)

MENU: tuple[MenuItem, ...] = ()

__all__ = ["MENU", "router"]
