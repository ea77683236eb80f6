"""Endpoints of the provider, one file each, and the list of their routers."""

from __future__ import annotations

from dancu.kit.web import APIRouter

router = APIRouter(include_in_schema=False)

__all__ = ["router"]
