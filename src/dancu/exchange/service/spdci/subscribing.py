"""Subscriptions in the standard's words: one person, one kind of vital event, from now on.

Underneath they are subscriptions like every other (exchange.service.subscriptions): only persons the subscriber has a relation to,
which naming the person begins; delivered, retried and refused the same way.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from dancu.audit import service as audit
from dancu.exchange.models.subscription import Mode, Subscription
from dancu.exchange.service.registries import Reader
from dancu.exchange.service.spdci.envelope import now
from dancu.exchange.service.spdci.queries import Rejected, named_by
from dancu.exchange.service.spdci.search import MOST_SEARCHES, keys_of
from dancu.exchange.service.spdci.vital import VITALS, Vital, vital
from dancu.exchange.store import dialects as store
from dancu.exchange.store import subscriptions
from dancu.kernel.actor import ActorKind
from dancu.kit.db import Conn
from dancu.population.service.look import look

DIALECT: Final = "spdci"
# A subscription's own reference of a person to whom there was no relation before.
_REF: Final = f"{DIALECT}:"


async def subscribe(
    conn: Conn, reader: Reader, sender: str, url: str, message: Mapping[str, Any], correlation_id: str
) -> dict[str, Any]:  # fmt: skip
    """The standard's subscribe response. `url`: where the news goes; "" where the subscriber fetches it."""
    answers = []
    seen: set[str] = set()
    for one in message["subscribe_request"][:MOST_SEARCHES]:
        reference = str(one.get("reference_id", ""))
        base = {"reference_id": reference, "timestamp": now()}
        try:
            if not reference or len(reference) > 99 or reference in seen:
                raise Rejected("rjct.reference_id.duplicate" if reference in seen else "rjct.reference_id.invalid", "reference_id is missing or came twice")
            seen.add(reference)
            known = await _one(conn, reader, sender, url, str(message["transaction_id"]), one.get("subscribe_criteria"))
            answers.append({**base, "status": "succ", "subscriptions": [known]})
        except Rejected as error:
            answers.append({**base, "status": "rjct", "status_reason_code": error.code, "status_reason_message": error.text})
    return {"transaction_id": message["transaction_id"], "correlation_id": correlation_id, "subscribe_response": answers}


async def _one(conn: Conn, reader: Reader, sender: str, url: str, transaction: str, criteria: Any) -> dict[str, Any]:
    """Raises Rejected."""
    event = criteria.get("reg_event_type") if isinstance(criteria, Mapping) else None
    wanted = vital(event)
    if not isinstance(criteria, Mapping) or not isinstance(event, str) or wanted is None or wanted.agreed not in reader.fields:
        raise Rejected("rjct.notify_types.invalid", f"reg_event_type must be one of {', '.join(VITALS)}, and agreed on")
    if criteria.get("frequency") is not None:
        raise Rejected("rjct.notify_details.invalid", "news is told at once; leave out frequency")
    key = await _person(conn, criteria)
    kept = {"reg_type": str(criteria.get("reg_type", ""))[:99], "reg_event_type": event[:99], "filter": criteria.get("filter"),
            "notify_record_type": str(criteria.get("notify_record_type", ""))[:99]}  # fmt: skip
    if await store.subscribed(conn, sender, kept):
        raise Rejected("rjct.event.already_subscribed", "there is such a subscription")
    code = str(uuid.uuid4())
    about = await _related(conn, reader, key, code)
    await store.subscribe(conn, code, sender, url, kept, transaction)
    await store.deliver(conn, await _subscription(conn, reader, code, url, wanted), DIALECT, wanted.topics, about, wanted.matching)
    await audit.record(
        conn, reader.actor, reader.reason, action="system", subjects=[None], fields=[wanted.kind], note={"verb": "subscribe", "subscription": code}
    )
    return {"version": "1.0.0", "code": code, "status": "subscribe", "timestamp": now(), **kept}


async def _person(conn: Conn, criteria: Mapping[str, Any]) -> int:
    """Whom the filter names. Raises Rejected."""
    asked = criteria.get("filter")
    kind = criteria.get("filter_type")
    if kind is None:
        kind = "predicate" if isinstance(asked, list) else "idtype-value"
    try:
        keys = await keys_of(conn, named_by(kind, asked))
    except Rejected as error:
        raise Rejected("rjct.notify_details.invalid", f"filter must name one person: {error.text}") from error
    if len(keys) != 1:
        raise Rejected("rjct.person_id.invalid", "filter names nobody, or several people")
    return keys[0]


async def _related(conn: Conn, reader: Reader, key: int, code: str) -> str:
    """The reference of the subscriber's relation to this person, begun where there is none. Raises Rejected."""
    (verdict,) = await look(conn, reader.actor, reader.reason, [key], ("number",), "person.verify")
    if not verdict.ok:
        raise Rejected("rjct.person_id.invalid", "filter names nobody, or several people")
    await subscriptions.relate(conn, reader.actor.org_code, [(key, _REF + code)])
    return await store.reference(conn, reader.actor.org_code, key)


async def _subscription(conn: Conn, reader: Reader, code: str, url: str, wanted: Vital) -> Subscription:
    at = datetime.now(UTC)
    # 0: a name taken at its word in a demonstration, behind which there is no program.
    client = reader.actor.actor_id if reader.actor.kind is ActorKind.CLIENT else 0
    return Subscription(
        code, reader.actor.org_code, client, (wanted.kind,), reader.reason.code, reader.reason.legal_basis, Mode.PUSH if url else Mode.PULL, url,
        1, "active", await subscriptions.head(conn), 0, at, None, None, 0, "", at,
    )  # fmt: skip


async def unsubscribe(conn: Conn, reader: Reader, sender: str, message: Mapping[str, Any], correlation_id: str) -> dict[str, Any]:
    """The standard's unsubscribe response."""
    codes = message["subscription_codes"][:MOST_SEARCHES]
    outcomes = {code: await store.unsubscribe(conn, sender, code) for code in codes}
    for code in (code.lower() for code, outcome in outcomes.items() if outcome == "ended"):
        await subscriptions.set_state(conn, code, "ended")
        if not await store.told_about(conn, _REF + code):
            await subscriptions.end_relation(conn, reader.actor.org_code, _REF + code)
        await audit.record(
            conn, reader.actor, reader.reason, action="system", subjects=[None], fields=["subscription"],
            note={"verb": "unsubscribe", "subscription": code},
        )  # fmt: skip
    base: dict[str, Any] = {"transaction_id": message["transaction_id"], "correlation_id": correlation_id, "timestamp": now()}
    told = {"subscription_status": [{"code": code, "status": "unsubscribe"} for code, outcome in outcomes.items() if outcome != "unknown"]}
    # A wrong code among right ones keeps nobody subscribed: those that are listed have ended, the reason is about the others.
    if missing := sum(outcome == "unknown" for outcome in outcomes.values()):
        why = {"status_reason_code": "rjct.subscription_code.invalid", "status_reason_message": f"{missing} of {len(outcomes)}: no such subscription"}
        return {**base, "status": "succ", **why, **told} if "ended" in outcomes.values() else {**base, "status": "rjct", **why}
    if "ended" not in outcomes.values():
        return {**base, "status": "rjct", "status_reason_code": "rjct.event.already_unsubscribed", "status_reason_message": "ended before"}
    return {**base, "status": "succ", **told}
