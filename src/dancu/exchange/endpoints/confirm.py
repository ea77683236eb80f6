"""POST /api/v1/exchange/confirm."""

from __future__ import annotations

from typing import Annotated, Any

from dancu.exchange.endpoints.door import answered, calling, issuer_of
from dancu.exchange.endpoints.verify import CONTEXT
from dancu.exchange.models.call import Call
from dancu.exchange.models.confirmation import ConfirmationKind
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.service import confirm_call
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(tags=["exchange"], dependencies=[public(machine=True)])
PATH = "/api/v1/exchange/confirm"
_SCHEMA: dict[str, Any] = {
    "type": "object", "required": ["context", "number", "kind", "procedure"], "additionalProperties": False,
    "properties": {
        "context": CONTEXT, "number": {"type": "string", "pattern": "^([0-9]{9}|[0-9]{12})$"},
        "kind": {"type": "string", "enum": [kind.value for kind in ConfirmationKind]},
        "procedure": {"type": "string", "enum": list(PROCEDURES)},
        "pdf": {"type": "boolean", "description": "also the signed PDF file, base64"},
    },
}  # fmt: skip


@router.post(
    PATH, summary="A signed statement of residence, number or civil status",
    openapi_extra={
        "security": [{"exchange": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
    },
)  # fmt: skip
async def post(call: Annotated[Call, calling("confirm")], conn: DbConn, request: Request) -> Response:
    """The statement as a compact JWS (keys: /check/keys.json), checked by anybody at /check or offline."""
    told = await confirm_call.confirm(conn, call, issuer_of(request))
    return await answered(request, conn, call, told.body, entries=told.entries)
