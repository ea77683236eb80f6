"""Endpoints that programs of partners call, and the list of their routers."""

from __future__ import annotations

from dancu.kit.web import APIRouter
from dancu.kit.web.shortcuts import Handler

router = APIRouter()
# One line per data service: router.include_router(module.router)

# Hot endpoints, answered without the framework's routing.
SHORTCUTS: dict[tuple[str, str], Handler] = {}

__all__ = ["SHORTCUTS", "router"]
