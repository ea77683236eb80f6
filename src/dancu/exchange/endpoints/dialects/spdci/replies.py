"""Answers in the standard's shapes: headers, acknowledgements, refusals."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from dancu.exchange.endpoints.dialects.spdci.actions import SEARCH, Action
from dancu.exchange.endpoints.dialects.spdci.envelopes import Bad, Envelope
from dancu.exchange.endpoints.door import exchange_of
from dancu.exchange.service.spdci import envelope
from dancu.kit.web import Request, Response


def header(said: Envelope, action: Action, status: str, code: str = "") -> dict[str, Any]:
    return envelope.header(action.on, status, sender=str(said.header.get("receiver_id") or ""), receiver=said.sender_id, code=code)


def nothing(action: Action, said: Envelope, correlation: str) -> dict[str, Any]:
    """The message of an answer to a question whose header was rejected."""
    base = {"transaction_id": said.message["transaction_id"], "correlation_id": correlation}
    if action is SEARCH:
        return {**base, "search_response": []}
    return {**base, "txnstatus_response": {"txn_type": said.message["txnstatus_request"].get("txn_type"), "txn_status": {**base, "search_response": []}}}


def signed(request: Request, head: Mapping[str, Any], message: Mapping[str, Any]) -> Response:
    return _json(envelope.signed(exchange_of(request).keys, head, message))


def ack(word: str, correlation: str, error: Bad | None = None) -> Response:
    """ACK: an answer follows. NACK: taken, and nothing follows. ERR: not taken."""
    return _json(_acknowledged(word, correlation, error))


def refused(error: Bad, on: str | None) -> Response:
    """What is not let in: the HTTP layer's `errors`, and what an answer of the path must hold besides. `on`: action of an answer that
    is given at once, None where there is only an acknowledgement."""
    body: dict[str, Any] = {"errors": [_said(error)], "error": _said(error)}
    if on is None:
        body |= _acknowledged("ERR", str(uuid.uuid4()), error)
    else:
        body["header"] = {**envelope.header(on, "rjct", sender="", receiver="", code=error.reason), "status_reason_message": error.text}
    return _json(body, error.status)


def _acknowledged(word: str, correlation: str, error: Bad | None) -> dict[str, Any]:
    message: dict[str, Any] = {"ack_status": word, "timestamp": envelope.now(), "correlation_id": correlation}
    return {"message": {**message, "error": _said(error)} if error is not None else message}


def _said(error: Bad) -> dict[str, str]:
    return {"code": error.code, "message": error.text}


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
