"""POST /api/v1/exchange/verify."""

from __future__ import annotations

import hashlib
from typing import Any

from dancu.exchange.endpoints.door import answered, exchange_of, let_in, with_receipt
from dancu.exchange.models.call import refused
from dancu.exchange.service import calls, verify
from dancu.kernel.errors import DancuError
from dancu.kit.web import APIRouter, Request, Response, public
from dancu.population.service.look import refusal

router = APIRouter(tags=["exchange"], dependencies=[public(machine=True)])
PATH = "/api/v1/exchange/verify"
MOST_BYTES = 8 * 1024
CONTEXT: dict[str, Any] = {
    "type": "object", "required": ["purpose", "legal_basis", "case_ref", "officer"],
    "properties": {name: {"type": "string"} for name in ("purpose", "legal_basis", "case_ref", "officer")},
}  # fmt: skip
_SCHEMA: dict[str, Any] = {
    "type": "object", "required": ["context", "number", "fields"], "additionalProperties": False,
    "properties": {
        "context": CONTEXT, "number": {"type": "string", "pattern": "^([0-9]{9}|[0-9]{12})$"},
        "fields": {"type": "object", "properties": {name: {"type": "string"} for name in verify.READ}, "additionalProperties": False},
    },
}  # fmt: skip


@router.post(
    PATH, summary="Does what was declared agree with the registry? yes, no, close or unknown for each field",
    openapi_extra={
        "security": [{"exchange": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
    },
)  # fmt: skip
async def post(request: Request) -> Response:
    """Signed call (RFC 9421) with a bound token; see the guide of data exchange. Nothing of the record goes out."""
    exchange = exchange_of(request)
    call = await let_in(request, "verify", most=MOST_BYTES)
    try:
        question = verify.read(call)
        if call.sandbox:
            async with exchange.connect() as conn, conn.transaction():
                return await answered(request, conn, call, verify.in_sandbox(question))
        if call.needing_consent(question.declared):
            async with exchange.connect() as conn, conn.transaction():
                question = await verify.consented(conn, call, question)
        told = await exchange.lane.ask(verify.ask_of(call, question))
        if told.verdict == "replay" or told.entry_id is None:
            raise refused("exchange.replay")
    except DancuError as error:
        await exchange.note_refusal(calls.line_of(call), error)
        raise
    if told.verdict == "no_purpose":
        raise refusal("no_purpose")
    body = verify.answer(told.verdict, told.record, question)
    return with_receipt(request, call, body, [(told.entry_id, hashlib.sha256(told.content).hexdigest())])


SHORTCUTS = {("POST", PATH): post}

__all__ = ["SHORTCUTS", "router"]
