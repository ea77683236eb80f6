"""Endpoints that programs of partners call, and the list of their routers."""

from __future__ import annotations

from dancu.exchange.endpoints import (
    confirm,
    disagreements,
    events,
    log,
    lookup,
    proof,
    reconcile,
    residence,
    supply,
    verify,
)
from dancu.exchange.endpoints.described import describe
from dancu.kit.web import APIRouter
from dancu.kit.web.shortcuts import Handler

router = APIRouter()
# One line per data service: router.include_router(module.router)
router.include_router(verify.router)
router.include_router(residence.router)
router.include_router(confirm.router)
router.include_router(lookup.router)
router.include_router(proof.router)
router.include_router(log.router)
router.include_router(events.router)
router.include_router(supply.router)
router.include_router(disagreements.router)
router.include_router(reconcile.router)

describe(router)

# Hot endpoints, answered without the framework's routing.
SHORTCUTS: dict[tuple[str, str], Handler] = {**verify.SHORTCUTS}

__all__ = ["SHORTCUTS", "router"]
