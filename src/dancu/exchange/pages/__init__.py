"""Pages of data exchange, and the list of their routers."""

from __future__ import annotations

from dancu.exchange.pages import desk_papers, papers
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
# One line per page module: router.include_router(module.router)
router.include_router(papers.router)
router.include_router(desk_papers.router)

MENU: tuple[MenuItem, ...] = (MenuItem("desk", N_("Dữ liệu bộ, ngành"), "/desk/papers", ("paper.read",)),)

__all__ = ["MENU", "router"]
