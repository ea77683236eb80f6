"""POST /api/v1/exchange/log: a partner hands in its own log of calls; at night both sides are compared."""

from __future__ import annotations

from typing import Annotated, Any

from dancu.exchange.endpoints.door import answered, calling
from dancu.exchange.endpoints.verify import CONTEXT
from dancu.exchange.models.call import Call
from dancu.exchange.service import compare
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(tags=["exchange"], dependencies=[public(machine=True)])
PATH = "/api/v1/exchange/log"
MOST_BYTES = 8 * 1024 * 1024
_SCHEMA: dict[str, Any] = {
    "type": "object", "required": ["context", "lines"], "additionalProperties": False,
    "properties": {
        "context": CONTEXT, "lines": {"type": "array", "minItems": 1, "maxItems": compare.MOST_LINES, "items": {"type": "object"}},
    },
}  # fmt: skip


@router.post(
    PATH, summary="Hand in one's own log of calls, to be compared with ours at night", max_body_size=MOST_BYTES,
    openapi_extra={
        "security": [{"exchange": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
    },
)  # fmt: skip
async def post(call: Annotated[Call, calling("log", most=MOST_BYTES)], conn: DbConn, request: Request) -> Response:
    """Lines as dancu-client writes them. Needs no agreement: whoever is connected owes its log."""
    kept, unreadable = await compare.take(conn, call)
    return await answered(request, conn, call, {"kept": kept, "unreadable": unreadable})
