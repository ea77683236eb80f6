"""POST /api/v1/exchange/confirm."""

from __future__ import annotations

from typing import Annotated, Any

from dancu.exchange.endpoints.door import answered, calling, issuer_of, kept, with_receipt
from dancu.exchange.endpoints.verify import CONTEXT
from dancu.exchange.models.call import Call
from dancu.exchange.models.confirmation import ConfirmationKind
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.service import confirm_call
from dancu.kit.web import APIRouter, Request, RequestLease, Response, public

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
async def post(call: Annotated[Call, calling("confirm")], held: RequestLease, request: Request) -> Response:
    """The statement as a compact JWS (keys: /check/keys.json), checked by anybody at /check or offline. `pdf_error` instead of `pdf`
    where the file could not be made: the statement stands."""
    conn, site = await held.connection(), issuer_of(request)
    told, made = await confirm_call.confirm(conn, call, site)
    if made is None:
        return await answered(request, conn, call, told.body, entries=told.entries)
    hashes = await kept(conn, call, told.entries)
    await held.release()  # the statement, its evidence and the call's line are committed before the file is drawn
    file = await confirm_call.file_of(made, call.org_name, site, client_no=call.client_no, demo=bool(request.app.state.demo))
    return with_receipt(request, call, {**told.body, **file}, hashes)
