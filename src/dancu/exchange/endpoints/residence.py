"""POST /api/v1/exchange/residence."""

from __future__ import annotations

from typing import Annotated, Any

from dancu.exchange.endpoints.door import answered, calling
from dancu.exchange.endpoints.verify import CONTEXT
from dancu.exchange.models.call import Call
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.models.residence import Way
from dancu.exchange.service import residence_call
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(tags=["exchange"], dependencies=[public(machine=True)])
PATH = "/api/v1/exchange/residence"
_TEXT = {"type": "string", "maxLength": 200}
_SCHEMA: dict[str, Any] = {
    "type": "object", "required": ["context", "procedure", "way"], "additionalProperties": False,
    "properties": {
        "context": CONTEXT, "procedure": {"type": "string", "enum": list(PROCEDURES)}, "way": {"type": "string", "enum": [way.value for way in Way]},
        "device": {"type": "string", "maxLength": 40}, "number": _TEXT, "name": _TEXT, "birth": _TEXT, "issued_on": _TEXT,
        "text": {"type": "string", "maxLength": 4200, "description": "what a QR reader gave: of the card, or of a confirmation"},
        "chip": {"type": "string", "maxLength": 20000, "description": "the line of a chip reader's program"},
        "code": {"type": "string", "maxLength": 12, "description": "what the citizen's phone shows"},
        "token": {"type": "string", "maxLength": 100, "description": "of an answer with outcome waiting: asks how it stands"},
    },
}  # fmt: skip


@router.post(
    PATH, summary="Residence proved in place of the household book, by one of seven ways",
    openapi_extra={
        "security": [{"exchange": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
    },
)  # fmt: skip
async def post(call: Annotated[Call, calling("residence")], conn: DbConn, request: Request) -> Response:
    """What a counter's own program typed or read. `outcome` "proved" carries a signed statement for the file; any other names the
    way to try next. A disagreement with the registry is filed as a case."""
    told = await residence_call.prove(conn, call)
    return await answered(request, conn, call, told.body, entries=told.entries)
