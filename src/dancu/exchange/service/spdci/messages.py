"""Messages that came: none counts twice, and each can be asked after without its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dancu.exchange.service.spdci.envelope import now
from dancu.exchange.store import dialects as store
from dancu.kit.db import Conn


async def status(conn: Conn, sender: str, message: Mapping[str, Any], correlation_id: str) -> dict[str, Any]:
    """The standard's status response: what became of an earlier message."""
    request = message["txnstatus_request"]
    attribute, value = request.get("attribute_type"), request.get("attribute_value")
    found = await store.outcomes(conn, sender, attribute, value) if attribute in ("transaction_id", "correlation_id") and isinstance(value, str) else []
    kind = request.get("txn_type")
    matching = next((outcome for known, _, _, outcome in found if known == kind and outcome), None)
    base = {"transaction_id": message["transaction_id"], "correlation_id": correlation_id}
    shown = matching if matching is not None else {**base, **_unknown(str(kind))}
    return {**base, "txnstatus_response": {"txn_type": kind, "txn_status": shown}}


def _unknown(kind: str) -> dict[str, Any]:
    """Nothing became of a message that never came, in the shape of an answer to it."""
    if kind != "unsubscribe":
        # Receipts, which the social registry's edition can ask after, are never given here.
        return {f"{kind if kind == 'subscribe' else 'search'}_response": []}
    return {"timestamp": now(), "status": "rjct", "status_reason_code": "rjct.reference_id.invalid", "status_reason_message": "no such message"}


async def keep(conn: Conn, sender: str, message_id: str, transaction_id: str, correlation_id: str, kind: str) -> bool:
    """False where this message came before."""
    return await store.keep(conn, sender, message_id, transaction_id, correlation_id, kind)


async def settle(conn: Conn, sender: str, message_id: str, outcome: dict[str, Any]) -> None:
    """Note what became of a message, without the data."""
    await store.settle(conn, sender, message_id, outcome)
