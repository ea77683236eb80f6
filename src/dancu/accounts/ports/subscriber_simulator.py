"""A stand-in for the operators' check, served in a demonstration only. It keeps no list: a phone that ends with 9 belongs
to somebody else, one that ends with 8 is unknown, every other one to whoever asks."""

from __future__ import annotations

from typing import Any

from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, JSONResponse, Request, Response, public

router = APIRouter(include_in_schema=False)


@router.post("/simulators/subscriber", dependencies=[public(machine=True)])
async def simulate(request: Request) -> Response:
    if not request.app.state.settings.demo:
        raise NotFound("page.unknown", N_("Không có trang này."))
    try:
        asked: Any = await request.json()
        phone = str(asked["phone"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Invalid("subscriber.request", N_("Yêu cầu phải có số điện thoại.")) from None
    return JSONResponse({"match": None if phone.endswith("8") else not phone.endswith("9"), "simulator": True})
