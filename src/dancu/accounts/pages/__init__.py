"""Pages of accounts."""

from __future__ import annotations

from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)

MENU: tuple[MenuItem, ...] = ()

__all__ = ["MENU", "router"]
