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
_FIELDS = ("name", "birthdate", "personal_id", "address")


def make(config: Config) -> Starlette:
    service = Service(config, TITLE, lambda request, claims: None)

    async def home(request: Request) -> Response:
        return page(request, received=request.session.get("received") if request.query_params.get("done") == "1" else None)

    def page(request: Request, status: int = 200, **more: object) -> Response:
        claims = request.session.get("claims")
        context = {"received": None, "typed": {}, **more}
        return service.page(request, "portal.html", status, claims=claims, forms=claims is not None, **context)

    async def apply(request: Request) -> Response:
        """The demonstration's procedure: received, and nothing that was agreed to had to be typed again; it counts as it was told, whatever
        is posted. In an organisation's name by whom it is told to have been mandated; anything else chosen is the citizen's own."""
        form = await service.form(request)
        if "sub" not in request.session or not form:
            return RedirectResponse("/", 303)
        claims = request.session["claims"]
        given = {field: claims.get(field) or form.get(field, "") for field in _FIELDS}
        if not all(given.values()):
            return page(request, 422, typed=form)
        acting = claims.get("organisations") or []
        behalf = next((one["name"] for one in acting if one["tax_code"] == form.get("behalf")), "")
        request.session["received"] = {**given, "behalf": behalf}
        return RedirectResponse("/?done=1", 303)

    return service.app([Route("/", home), Route("/apply", apply, methods=["POST"])])
