"""JSON API of cards. What stands on a card travels in bodies, never in addresses."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from dancu.access import service as access
from dancu.cards import present, service
from dancu.cards.parsing import LONGEST
from dancu.kit.web import APIRouter, CurrentActor, DbConn, JSONResponse, Response, allow

router = APIRouter(prefix="/api/v1/cards", tags=["cards"])

_EXAMPLE: dict[str, Any] = {
    "QR code of a chip card": {
        "value": {
            "text": "049190012345|205123456|Trần Thị Hoà|12041990|Nữ|Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam|05042022",
            "purpose": "identity_check",
            "legal_basis": "26/2023/QH15",
        }
    },
    "machine-readable zone": {
        "value": {
            "text": "IDVNM1900123457049190012345<<8\n9004126F3004124VNM<<<<<<<<<<<0\nTRAN<<THI<HOA<<<<<<<<<<<<<<<<<",
            "purpose": "identity_check",
        }
    },
}


class Read(BaseModel):
    """`text`: what the reader typed, unchanged."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=LONGEST)
    purpose: str = Field(max_length=40)
    legal_basis: str = Field(default="", max_length=120)
    case_ref: str = Field(default="", max_length=80)


@router.post("/read", dependencies=[allow("person.read", "person.verify", "eid.enrol")], summary="What a card's text says, held against the registry")
async def read(conn: DbConn, actor: CurrentActor, body: Annotated[Read, Body(openapi_examples=_EXAMPLE)]) -> Response:
    """QR code or machine-readable zone as a keyboard-wedge reader types it, or a number. `degraded` says what had to be
    mended; `registry.card` says whether it is the card in force."""
    reading = service.read_text(body.text)
    why = access.choose_purpose(body.purpose, body.legal_basis, body.case_ref)
    compared = await service.compare_card(conn, actor, why, reading)
    return JSONResponse(present.as_json(reading, compared))
