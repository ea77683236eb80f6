"""Data service *events*: subscribe, say to whom there is a relation, fetch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from dancu.exchange.endpoints.door import answered, calling, issuer_of
from dancu.exchange.models.call import Call
from dancu.exchange.models.subscription import Mode, Subscription
from dancu.exchange.service import delivery, subscriptions
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_
from dancu.kit.outbound import rules
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(prefix="/api/v1/exchange/events", tags=["exchange"])
_CALL = calling("events")
_MACHINE = [public(machine=True)]
_BATCH_BYTES = 256 * 1024


@router.post("/subscribe", dependencies=_MACHINE)
async def subscribe(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Body: `kinds` (birth, death, move, name, birth_date, number, card, marriage), `mode` push or pull, for push `url` (https,
    on the allow-list; it is asked once by OPTIONS) and `batch`. Answer: the subscription; events from now on."""
    body = call.body
    kinds, mode, url, batch = body.get("kinds"), body.get("mode", "pull"), body.get("url", ""), body.get("batch", 100)
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise Invalid("events.kind", N_("Hãy nêu các loại tin muốn nhận (kinds)."))
    if mode not in ("push", "pull") or not isinstance(url, str) or not isinstance(batch, int) or isinstance(batch, bool):
        raise Invalid("events.mode", N_("mode phải là push hoặc pull; url là địa chỉ; batch là số nguyên."))
    if mode == "push":
        why = await delivery.handshake(url, rules(request.app.state.outbound), urlsplit(issuer_of(request)).netloc)
        if why == "outbound.not_allowed":
            raise Invalid("events.url_not_allowed", N_("Địa chỉ này không nằm trong danh sách được phép gọi ra. Hãy liên hệ đơn vị vận hành."))
        if why:
            raise Invalid("events.url_not_ready", N_("Địa chỉ nhận tin chưa đồng ý nhận (OPTIONS, WebHook-Allowed-Origin): {why}."), why=why)
    made = await subscriptions.subscribe(conn, call, kinds, Mode(mode), url=url, batch=batch)
    return await answered(request, conn, call, {"subscription": shown(made)})


@router.post("/unsubscribe", dependencies=_MACHINE)
async def unsubscribe(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Body: `subscription`."""
    await subscriptions.unsubscribe(conn, call, _text(call.body, "subscription"))
    return await answered(request, conn, call, {"ended": True})


@router.post("/relations", dependencies=_MACHINE)
async def relations(call: Annotated[Call, calling("events", most=_BATCH_BYTES)], conn: DbConn, request: Request) -> Response:
    """Body: `persons`: [{number, ref}], at most 500; `ended`: [ref]. Answer: per person kept, known, not_found, bad_number. Events
    name a person by this `ref` alone."""
    persons, ended = call.body.get("persons", []), call.body.get("ended", [])
    if not isinstance(persons, list) or not all(isinstance(person, Mapping) for person in persons) or not isinstance(ended, list):
        raise Invalid("events.relations", N_("persons là danh sách gồm number và ref; ended là danh sách ref."))
    if len(ended) > subscriptions.MOST_RELATIONS:
        raise Invalid("events.too_many", N_("Mỗi lần tối đa {most} người."), most=subscriptions.MOST_RELATIONS)
    kept = await subscriptions.relate(conn, call, persons)
    gone = [ref for ref in ended if isinstance(ref, str) and await subscriptions.end_relation(conn, call, ref)]
    body: dict[str, Any] = {"persons": [{"ref": one.ref, "outcome": one.outcome} for one in kept], "ended": gone,
                            "relations": await subscriptions.relations(conn, call.org_code)}  # fmt: skip
    return await answered(request, conn, call, body)


@router.post("/pull", dependencies=_MACHINE)
async def pull(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Body: `subscription`, `after` (default: where the last fetch ended), `most`. Answer: `events` in order and `next`, the
    `after` of the next fetch, which acknowledges these. An older `after` replays."""
    after, most = call.body.get("after"), call.body.get("most", 100)
    if (after is not None and (not isinstance(after, int) or isinstance(after, bool) or after >= 1 << 62)) or not isinstance(most, int):
        raise Invalid("events.after", N_("Vị trí đọc phải là số không âm."))
    found, upto = await subscriptions.pull(conn, call, _text(call.body, "subscription"), after, most)
    events = [subscriptions.cloud_event(one, issuer_of(request)) for one in found]
    return await answered(request, conn, call, {"events": events, "next": upto})


@router.post("/replay", dependencies=_MACHINE)
async def replay(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Body: `subscription`, `after`: deliver again everything after that event; also ends a pause."""
    after = call.body.get("after")
    if not isinstance(after, int) or isinstance(after, bool) or after >= 1 << 62:
        raise Invalid("events.after", N_("Vị trí đọc phải là số không âm."))
    sub = await subscriptions.find(conn, call.org_code, _text(call.body, "subscription"))
    await subscriptions.replay(conn, call.actor, sub, after)
    if sub.state == "paused":
        await subscriptions.resume(conn, call.actor, sub)
    return await answered(request, conn, call, {"subscription": shown(await subscriptions.find(conn, call.org_code, sub.subscription_id))})


@router.post("/state", dependencies=_MACHINE)
async def state(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Every subscription of the caller: where it stands, since when it fails, refused events."""
    known = await subscriptions.of_organisation(conn, call.org_code)
    body = {
        "subscriptions": [
            {**shown(sub), "dead_letters": [{"id": str(letter.seq), "error": letter.error, "settled": letter.settled_how}
                                            for letter in await subscriptions.dead_letters(conn, sub)]}
            for sub in known
        ],
        "relations": await subscriptions.relations(conn, call.org_code),
    }  # fmt: skip
    return await answered(request, conn, call, body)


def shown(sub: Subscription) -> dict[str, Any]:
    """A subscription as its owner sees it."""
    return {
        "id": sub.subscription_id, "kinds": list(sub.kinds), "mode": sub.mode.value, "url": sub.url, "batch": sub.batch, "state": sub.state,
        "place": sub.place, "delivered": sub.delivered, "delivered_at": _time(sub.delivered_at), "failing_since": _time(sub.failing_since),
        "error": sub.error,
    }  # fmt: skip


def _time(at: Any) -> str | None:
    return at.isoformat() if at is not None else None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Invalid("events.subscription", N_("Thiếu mã đăng ký nhận tin (subscription)."))
    return value
