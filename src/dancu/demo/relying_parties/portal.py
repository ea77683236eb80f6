"""The province's portal: a FAPI 2.0 client. Its forms come filled with what the citizen agreed to tell."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dancu.demo.relying_parties.config import Config
from dancu.demo.relying_parties.web import Service
from dancu.kit.i18n import N_

TITLE = N_("Cổng dịch vụ công tỉnh")


def make(config: Config) -> Starlette:
    service = Service(config, TITLE, lambda request, claims: None)

    async def home(request: Request) -> Response:
        claims = request.session.get("claims")
        done = request.query_params.get("done") == "1"
        behalf = request.session.get("behalf", "") if done else ""
        return service.page(request, "portal.html", claims=claims, done=done, behalf=behalf, forms=claims is not None)

    async def apply(request: Request) -> Response:
        """The demonstration's procedure: received, and nothing had to be typed again. In an organisation's name by whom it is told to
        have been mandated; anything else chosen is the citizen's own."""
        form = await service.form(request)
        if "sub" not in request.session or not form:
            return RedirectResponse("/", 303)
        acting = request.session["claims"].get("organisations") or []
        request.session["behalf"] = next((one["name"] for one in acting if one["tax_code"] == form.get("behalf")), "")
        return RedirectResponse("/?done=1", 303)

    return service.app([Route("/", home), Route("/apply", apply, methods=["POST"])])
