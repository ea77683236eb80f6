"""Endpoints of the provider, one file each, and the list of their routers."""

from __future__ import annotations

from dancu.kit.web import APIRouter
from dancu.kit.web.shortcuts import Handler
from dancu.oidc.endpoints import (
    authorize,
    backchannel,
    device,
    discovery,
    introspect,
    linking,
    logout,
    par,
    revoke,
    token,
    userinfo,
)
from dancu.oidc.endpoints.own_words import OWN_WORDS

router = APIRouter(include_in_schema=False)
for _room in (discovery, par, authorize, token, userinfo, introspect, revoke, logout, device, backchannel, linking):
    router.include_router(_room.router)

# Hot endpoints, answered without the framework's routing.
SHORTCUTS: dict[tuple[str, str], Handler] = {
    **authorize.SHORTCUTS, **token.SHORTCUTS, **par.SHORTCUTS, **userinfo.SHORTCUTS, **discovery.SHORTCUTS, **introspect.SHORTCUTS,
}  # fmt: skip

AFTER_SIGN_IN, CARRIED = authorize.AFTER_SIGN_IN, authorize.CARRIED
APPROVALS_WANT = backchannel.wanted

__all__ = ["AFTER_SIGN_IN", "APPROVALS_WANT", "CARRIED", "OWN_WORDS", "SHORTCUTS", "router"]
