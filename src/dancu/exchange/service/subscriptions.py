"""Subscriptions: a partner hears what happens to persons it has a relation to.

A relation is a pair (person, the partner's own reference). News names the person by that reference alone and says what kind of
thing happened, not the new value: whoever needs the value asks for it, under the same agreement.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dancu.audit import service as audit
from dancu.exchange.models.subscription import DeadLetter, Mode, News, Subscription
from dancu.exchange.rules import KINDS, topics_of, type_of
from dancu.exchange.store import subscriptions as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.service.look import check_number, keys_by_number, look, missed
from dancu.sharing.service import data_agreements

if TYPE_CHECKING:
    from dancu.exchange.models.call import Call
    from dancu.sharing.models import DataAgreement

MOST_RELATIONS = 500
MOST_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Related:
    """What came of one number: `kept`, `known` (there was a relation already), `not_found` or `bad_number`."""

    ref: str
    outcome: str


async def subscribe(
    conn: Conn, call: Call, kinds: Iterable[str], mode: Mode, *, url: str = "", batch: int = 100
) -> Subscription:
    """A program subscribes itself, see `begin`."""
    return await begin(conn, call.actor, call.reason, call.agreement, call.client_no, kinds, mode, url=url, batch=batch)


async def begin(
    conn: Conn, actor: Actor, reason: Purpose, agreement: DataAgreement, client_no: int, kinds: Iterable[str], mode: Mode, *, url: str = "",
    batch: int = 100,
) -> Subscription:  # fmt: skip
    """News for program `client_no` from now on; the same asked again is the subscription there is. Raises Invalid for unknown kinds, NotAllowed for kinds whose field the
    agreement does not have for the purpose. Whether `url` may be called and answers is the edge's to find out first."""
    wanted = tuple(dict.fromkeys(kinds))
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown or not wanted:
        raise Invalid(
            "events.kind", N_("Loại tin không có: {kinds}. Các loại có thể đăng ký: {known}."),
            kinds=", ".join(unknown) or "–", known=", ".join(KINDS),
        )  # fmt: skip
    beyond = [kind for kind in wanted if KINDS[kind].field not in agreement.fields_for(reason.code)]
    if beyond:
        raise NotAllowed(
            "agreement.field", N_("Thỏa thuận không có trường dữ liệu cho loại tin: {kinds}. Hãy đề nghị bổ sung thỏa thuận."),
            kinds=", ".join(beyond),
        )  # fmt: skip
    if not 1 <= batch <= MOST_EVENTS:
        raise Invalid("events.batch", N_("Mỗi lần gửi từ 1 đến {most} tin."), most=MOST_EVENTS)
    for known in await store.of_program(conn, agreement.org_code, client_no):
        same = (known.mode, known.url, known.batch, known.purpose, known.legal_basis, known.dialect)
        if set(known.kinds) == set(wanted) and same == (mode, url if mode is Mode.PUSH else "", batch, reason.code, reason.legal_basis, ""):
            return known
    place = await store.head(conn)
    now = datetime.now(UTC)
    made = Subscription(
        str(uuid.uuid4()), agreement.org_code, client_no, wanted, reason.code, reason.legal_basis, mode, url if mode is Mode.PUSH else "",
        batch, "active", place, 0, now, None, None, 0, "", now,
    )  # fmt: skip
    await store.insert(conn, made, *topics_of(wanted), sorted({KINDS[kind].field for kind in wanted}))
    await _noted(conn, actor, reason, "subscribe", made)
    return made


async def unsubscribe(conn: Conn, call: Call, subscription_id: str) -> None:
    sub = await find(conn, call.org_code, subscription_id)
    await end(conn, call.actor, sub, call.reason)


async def end(conn: Conn, actor: Actor, sub: Subscription, reason: Purpose | None = None) -> None:
    """For good: another one begins anew."""
    await store.set_state(conn, sub.subscription_id, "ended")
    await _noted(conn, actor, reason, "unsubscribe", sub)


async def find(conn: Conn, org_code: str, subscription_id: str) -> Subscription:
    """A subscription of this organisation. Raises NotFound, also for what is no id."""
    try:
        found = await store.find(conn, org_code, str(uuid.UUID(subscription_id)))
    except (ValueError, AttributeError):
        found = None
    if found is None or found.state == "ended":
        raise NotFound("events.subscription", N_("Không có đăng ký nhận tin này. Hãy kiểm tra lại mã đăng ký."))
    return found


async def of_organisation(conn: Conn, org_code: str) -> list[Subscription]:
    return await store.of_organisation(conn, org_code)


async def relate(conn: Conn, call: Call, persons: Sequence[Mapping[str, Any]]) -> list[Related]:
    """Keep relations: each of `persons` has `number` and the partner's `ref`. One evidence entry per person found, and for each number
    of nobody."""
    if len(persons) > MOST_RELATIONS:
        raise Invalid("events.too_many", N_("Mỗi lần tối đa {most} người."), most=MOST_RELATIONS)
    outcome: dict[int, str] = {}
    keys: dict[int, tuple[int, str]] = {}
    for index, person in enumerate(persons):
        number, ref = person.get("number"), person.get("ref")
        if not isinstance(number, str) or not isinstance(ref, str) or not 1 <= len(ref) <= 80:
            outcome[index] = "bad_number"
            continue
        try:
            check_number(number)
        except DancuError:
            outcome[index] = "bad_number"
            continue
        found = await keys_by_number(conn, number)
        if len(found) == 1:
            keys[index] = (found[0], ref)
        else:
            outcome[index] = "not_found"
    verdicts = await look(conn, call.actor, call.reason, [key for key, _ in keys.values()], ("number",), "person.verify")
    for (index, (key, ref)), verdict in zip(keys.items(), verdicts, strict=True):
        outcome[index] = ("kept" if await store.relate(conn, call.org_code, [(key, ref)]) else "known") if verdict.ok else "not_found"
    await missed(conn, call.actor, call.reason, sum(how == "not_found" for how in outcome.values()), verb="exchange.relate")
    return [Related(str(person.get("ref", ""))[:80], outcome[index]) for index, person in enumerate(persons)]


async def end_relation(conn: Conn, call: Call, ref: str) -> bool:
    return await store.end_relation(conn, call.org_code, ref)


async def relations(conn: Conn, org_code: str) -> int:
    return await store.relations(conn, org_code)


async def news(conn: Conn, sub: Subscription, after: int, most: int) -> tuple[list[News], int]:
    """(events after `after`, the place up to which was searched); their evidence is written with it: commit before anything leaves.
    Nothing, and the place is kept, while an alert holds the program, and where the law of the day asks for each citizen's consent,
    which no news is held against: an agreement older than that law goes on being in force."""
    service = "registry" if sub.dialect else "events"
    agreement = await data_agreements.in_force(conn, sub.org_code, service) if sub.client_no else None
    if agreement is not None and agreement.bars(sub.purpose, (), SYSTEM_CLOCK.today()):
        return [], after
    return await store.next_events(conn, sub.subscription_id, after, most)


async def pull(conn: Conn, call: Call, subscription_id: str, after: int | None, most: int) -> tuple[list[News], int]:
    """(events after `after`, the place to ask from next). Without `after`, from where the last fetch ended: fetching is the
    acknowledgement of what came before."""
    sub = await find(conn, call.org_code, subscription_id)
    if sub.state != "active":
        raise NotAllowed("events.paused", N_("Đăng ký nhận tin đang tạm dừng. Hãy bật lại ở cổng đối tác."))
    start = sub.place if after is None else after
    if start < 0:
        raise Invalid("events.after", N_("Vị trí đọc phải là số không âm."))
    if start > sub.place and start > (head := await store.head(conn)):
        # It would acknowledge what has not happened yet, and nobody would hear of that.
        raise Invalid("events.after_ahead", N_("Chưa có tin nào đến vị trí này: mới đến {place}."), place=head)
    found, upto = await news(conn, sub, start, max(1, min(most, MOST_EVENTS)))
    if sub.mode is Mode.PULL:
        await store.moved(conn, sub.subscription_id, start, 0)
    return found, upto


async def replay(conn: Conn, actor: Actor, sub: Subscription, place: int) -> None:
    """Deliver again from `place` on (the event after it comes first)."""
    if place < 0:
        raise Invalid("events.after", N_("Vị trí đọc phải là số không âm."))
    await store.replay(conn, sub.subscription_id, place)
    await _noted(conn, actor, None, "replay", sub)


async def resume(conn: Conn, actor: Actor, sub: Subscription) -> None:
    """Deliver again after a pause; nothing was lost meanwhile."""
    await store.set_state(conn, sub.subscription_id, "active")
    await _noted(conn, actor, None, "resume", sub)


async def try_now(conn: Conn, actor: Actor, sub: Subscription) -> None:
    """What could not be delivered is tried without waiting for its pause to end."""
    await store.due_now(conn, sub.subscription_id)
    await _noted(conn, actor, None, "try_now", sub)


async def pause(conn: Conn, actor: Actor, sub: Subscription) -> None:
    await store.set_state(conn, sub.subscription_id, "paused")
    await _noted(conn, actor, None, "pause", sub)


async def dead_letters(conn: Conn, sub: Subscription) -> list[DeadLetter]:
    """Events the subscriber refused, unsettled ones first."""
    return await store.dead_letters(conn, sub.subscription_id)


async def let_go(conn: Conn, actor: Actor, sub: Subscription, seq: int) -> None:
    if not await store.settle(conn, sub.subscription_id, seq, "let_go"):
        raise NotFound("events.dead_letter", N_("Tin này không còn chờ xử lý."))
    await _noted(conn, actor, None, "let_go", sub)


def cloud_event(news: News, source: str) -> dict[str, Any]:
    """CloudEvents 1.0, JSON format. `id` is the event's number: order and duplicates are seen by it."""
    said: dict[str, Any] = {"corrected": news.topic.endswith(".corrected")}
    for name in ("groups", "kind", "ended", "state"):
        if name in news.payload:
            said[name] = news.payload[name]
    return {
        "specversion": "1.0", "id": str(news.seq), "source": f"{source}/exchange/population", "type": type_of(news.topic, news.payload),
        "subject": news.ref, "time": news.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json", "sequence": f"{news.seq:020d}", "data": said,
    }  # fmt: skip


async def noted(conn: Conn, actor: Actor, verb: str, sub: Subscription) -> None:
    """What somebody did with a subscription goes into the evidence log."""
    await _noted(conn, actor, None, verb, sub)


async def _noted(conn: Conn, actor: Actor, reason: Purpose | None, verb: str, sub: Subscription) -> None:
    await audit.record(
        conn, actor, reason or Purpose(sub.purpose, sub.legal_basis), action="system", subjects=[None], fields=list(sub.kinds), note={"verb": verb, "subscription": sub.subscription_id}
    )
