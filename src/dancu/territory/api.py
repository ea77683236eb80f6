"""JSON API of administrative units: public data. Addresses travel in bodies, never in the URL, which ends up in logs:
a street and a house number may point at a person."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from dancu.kernel.clock import SystemClock
from dancu.kernel.errors import NotFound
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import APIRouter, JSONResponse, Response, public
from dancu.territory import present, service

router = APIRouter(prefix="/api/v1/territory", tags=["territory"])

MOST = 50
"""Addresses in one request: at under 10 ms each the answer stays under half a second."""
_EXAMPLE: dict[str, Any] = {
    "address": {"value": {"addresses": ["Trường Xuân, Tam Kỳ, Quảng Nam"], "as_of": "2025-08-01"}}
}


class Addresses(BaseModel):
    """Free-text addresses or bare statistical codes, and the day they are to be read for."""

    model_config = ConfigDict(extra="forbid")
    addresses: list[Annotated[str, Field(max_length=500)]] = Field(min_length=1, max_length=MOST)
    as_of: str = Field(default="", max_length=10, description="yyyy-mm-dd; empty: today in Vietnam")


@router.post("/resolve", dependencies=[public(machine=True)], summary="Read addresses as the units of a day")
async def resolve(body: Annotated[Addresses, Body(openapi_examples=_EXAMPLE)]) -> Response:
    """One result per address, in order: status exact, ambiguous or unknown, and the candidates best first."""
    day = present.day_of(body.as_of) if body.as_of else SystemClock().today()
    g = service.gazetteer()
    results = [present.resolution_json(service.resolve(text, day), g, day, gettext) for text in body.addresses]
    return JSONResponse({"as_of": day.isoformat(), "results": results})


@router.get("/units/{code}", dependencies=[public(machine=True)], summary="The unit that bore a code on a day")
async def unit(
    code: Annotated[str, Path(pattern=r"^\d{2,5}$", examples=["20335"])],
    as_of: Annotated[str, Query(max_length=10, examples=["2023-04-01"])] = "",
) -> Response:
    """Statistical (GSO) codes are reused: the same code names another unit on another day."""
    day = present.day_of(as_of) if as_of else SystemClock().today()
    g = service.gazetteer()
    found = g.by_code(code, day)
    if found is None:
        raise NotFound("territory.code.unknown", N_("Không có đơn vị nào mang mã này vào ngày đó."))
    return JSONResponse(present.history_json(found, g, day))
