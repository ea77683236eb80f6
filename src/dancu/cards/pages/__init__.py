"""Pages of cards."""

from __future__ import annotations

from dancu.cards.pages import orders
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
router.include_router(orders.router)

MENU: tuple[MenuItem, ...] = (MenuItem("desk", N_("Đơn làm thẻ"), "/desk/cards", ("person.write.card",)),)

__all__ = ["MENU", "router"]
