"""POST /api/v1/exchange/lookup."""

from __future__ import annotations

from typing import Annotated, Any

from dancu.exchange.endpoints.door import answered, calling
from dancu.exchange.endpoints.verify import CONTEXT
from dancu.exchange.models.call import Call
from dancu.exchange.service import lookup
from dancu.kit.web import APIRouter, DbConn, Request, Response, public
from dancu.sharing.models import FIELDS

router = APIRouter(tags=["exchange"], dependencies=[public(machine=True)])
PATH = "/api/v1/exchange/lookup"
_SCHEMA: dict[str, Any] = {
    "type": "object", "required": ["context", "fields"], "additionalProperties": False,
    "properties": {
        "context": CONTEXT, "number": {"type": "string", "pattern": "^([0-9]{9}|[0-9]{12})$"}, "name": {"type": "string", "maxLength": 200},
        "birth": {"type": "string", "description": "1990, 1990-05, 1990-05-03, 03/05/1990"}, "place": {"type": "string", "maxLength": 200},
        "fields": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(FIELDS)}},
    },
}  # fmt: skip


@router.post(
    PATH, summary="Fields of one person: agreement, purpose and, where the law asks for it, consent decide which",
    openapi_extra={
        "security": [{"exchange": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
    },
)  # fmt: skip
async def post(call: Annotated[Call, calling("lookup")], conn: DbConn, request: Request) -> Response:
    """By number, or by name and birth (and place). Several people of one name and birth: `ambiguous`, and no list."""
    wanted = lookup.read(call)
    if call.sandbox:
        return await answered(request, conn, call, lookup.in_sandbox(wanted).body())
    found = await lookup.find(conn, call, wanted)
    verdict = "ok" if found.verdict == "ok" else f"person.{found.verdict}"
    return await answered(request, conn, call, found.body(), entries=list(found.about), verdict=verdict, about=found.about)
