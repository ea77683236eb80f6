"""GET /.well-known/openid-configuration, /.well-known/oauth-authorization-server, /.well-known/oauth-protected-resource, /oidc/jwks."""

from __future__ import annotations

from dancu.kit.web import APIRouter, Request, Response, public
from dancu.oidc.endpoints.wire import issuer_of, json_answer, preflight, provider_of
from dancu.oidc.service.discovery import document, resource
from dancu.oidc.service.errors import RESOURCE_PATH

router = APIRouter(dependencies=[public(machine=True)])
# Shorter than a key is published before it signs (service.keys.LEAD_SECONDS).
_KEPT = {"Cache-Control": "public, max-age=900", "Cross-Origin-Resource-Policy": "cross-origin"}


async def metadata(request: Request) -> Response:
    front = getattr(request.app.state, "mtls_url", "")
    return json_answer(document(issuer_of(request), _paths(request), front), headers=_KEPT)


def _paths(request: Request) -> frozenset[str]:
    """What the application serves; routes do not change while it runs."""
    from fastapi.routing import iter_route_contexts

    state = request.app.state
    if not hasattr(state, "oidc_paths"):
        state.oidc_paths = frozenset(str(context.path) for context in iter_route_contexts(request.app.routes))
    found: frozenset[str] = state.oidc_paths
    return found


async def protected_resource(request: Request) -> Response:
    return json_answer(resource(issuer_of(request)), headers=_KEPT)


async def jwks(request: Request) -> Response:
    return json_answer(provider_of(request).keys.jwks(), headers=_KEPT)


for _path, _handler in {
    "/.well-known/openid-configuration": metadata,
    "/.well-known/oauth-authorization-server": metadata,
    RESOURCE_PATH: protected_resource,
    "/oidc/jwks": jwks,
}.items():
    router.add_api_route(_path, _handler, methods=["GET"])
    router.add_api_route(_path, preflight, methods=["OPTIONS"])


SHORTCUTS = {("GET", "/oidc/jwks"): jwks}
