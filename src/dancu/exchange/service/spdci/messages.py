"""Messages that came: none counts twice, and each can be asked after without its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dancu.exchange.service.spdci.envelope import now
from dancu.exchange.store import dialects as store
from dancu.kit.db import Conn


async def status(conn: Conn, sender: str, message: Mapping[str, Any], correlation_id: str) -> dict[str, Any]:
    """The standard's status response: what became of an earlier message, or of the requests that a list of their references or
    subscription codes names."""
    request = message["txnstatus_request"]
    attribute, value, kind = request["attribute_type"], request["attribute_value"], request["txn_type"]
    base = {"transaction_id": message["transaction_id"], "correlation_id": correlation_id}
    if attribute.endswith("_list"):
        named = list(dict.fromkeys(value if isinstance(value, list) else [value]))
        shown = await _of_list(conn, sender, kind, "reference_id" if attribute == "reference_id_list" else "code", named, base)
    else:
        shown = await store.outcome(conn, sender, kind, attribute, value) if isinstance(value, str) else None
    return {**base, "txnstatus_response": {"txn_type": kind, "txn_status": shown or {**base, **_unknown(str(kind))}}}


async def _of_list(conn: Conn, sender: str, kind: str, member: str, named: Sequence[str], base: Mapping[str, Any]) -> dict[str, Any] | None:
    """The newest outcome of each request with one of these references or codes; None where none is known."""
    listed = f"{kind}_response"
    found: list[dict[str, Any]] = []
    for one in named:
        held: dict[str, Any] = {member: one}
        if kind == "unsubscribe":
            if member == "code" and (ended := await store.outcome_holding(conn, sender, kind, {"subscription_status": [held]})):
                return ended
            continue
        if member == "code":
            held = {"subscriptions": [held]}
        if outcome := await store.outcome_holding(conn, sender, kind, {listed: [held]}):
            found += [part for part in outcome[listed] if _holds(part, member, one)]
    return {**base, listed: found} if found else None


def _holds(part: Mapping[str, Any], member: str, value: str) -> bool:
    if member == "code":
        return any(one.get("code") == value for one in part.get("subscriptions", ()))
    return part.get("reference_id") == value


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
