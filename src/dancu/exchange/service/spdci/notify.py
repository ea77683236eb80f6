"""News in the standard's words: what a subscriber in this dialect is sent instead of a CloudEvent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import orjson

from dancu.exchange.models.subscription import News, Subscription
from dancu.exchange.rules import type_of
from dancu.exchange.service.receipts import AnswerKeys
from dancu.exchange.service.spdci import envelope
from dancu.exchange.store import dialects as store
from dancu.kit.db import Conn
from dancu.kit.outbound import Answer

_CONTEXT: Final = {"@vocab": "https://schema.spdci.org/common/v1"}


class Teller:
    """Writes news for subscribers of the dialect, signed with the platform's key."""

    def __init__(self, keys: AnswerKeys) -> None:
        self._keys = keys

    async def write(self, conn: Conn, sub: Subscription, news: Sequence[News]) -> tuple[str, bytes]:
        """(content type, body) of one notify message. The same news tried again has the same message id."""
        kept = await store.subscription(conn, sub.subscription_id)
        message_id = str(uuid.uuid5(uuid.UUID(sub.subscription_id), ",".join(str(one.seq) for one in news)))
        head = envelope.header("notify", "succ", sender="", receiver=kept.sender.partition("|")[2] or kept.sender, count=len(news), message_id=message_id)
        head["meta"] = {"subscription_code": sub.subscription_id}
        message = {"transaction_id": kept.transaction_id, "notify_event": [_event(one, kept.criteria) for one in news]}
        return "application/json", orjson.dumps(envelope.signed(self._keys, head, message))

    def refused(self, answer: Answer) -> bool:
        """Did the subscriber take the message over HTTP and refuse it inside (ack_status ERR)?"""
        return acknowledged(answer) == "ERR"


def acknowledged(answer: Answer) -> str:
    """The ack_status of an answer, "" where it gives none."""
    try:
        said = answer.json()
        return str(said["message"]["ack_status"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _event(one: News, criteria: dict[str, Any]) -> dict[str, Any]:
    """What happened to whom, in the subscriber's own words, and not the new values: whoever needs those searches."""
    named = criteria.get("filter")
    by_number = isinstance(named, dict) and isinstance(named.get("value"), str | int)
    record = {
        "@context": _CONTEXT, "@type": criteria.get("notify_record_type", "").rpartition(":")[2] or "CRVS_Person", "@id": f"urn:dancu:subject:{one.ref}",
        "identifier": {"@type": "Identifier", "identifier_type": str(named.get("type", "")).rpartition(":")[2], "identifier_value": str(named["value"])}
        if by_number and isinstance(named, dict) else {"@type": "Identifier", "identifier_type": "SubscriberReference", "identifier_value": one.ref},
        "additional_attributes": [{"key": "event", "value": type_of(one.topic, one.payload)}],
    }  # fmt: skip
    return {
        "reference_id": str(one.seq), "timestamp": one.at.isoformat(), "locale": "vie",
        "data": {
            "version": "1.0.0", "reg_type": criteria.get("reg_type") or "ns:org:RegistryType:Civil", "reg_event_type": criteria["reg_event_type"],
            "reg_record_type": criteria.get("notify_record_type") or "spdci-extensions-dci:Person", "reg_records": record,
        },
    }  # fmt: skip
