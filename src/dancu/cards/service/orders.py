"""Orders of ID cards: made at a counter, produced elsewhere, handed over, read once, in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dancu.audit import service as audit
from dancu.cards.events import CARD_PRODUCED
from dancu.cards.models import CardOrder, OrderReason, OrderState, Reading, TextKind
from dancu.cards.parsing import read_text
from dancu.cards.policy import orders as policy
from dancu.cards.service.comparing import alike, void
from dancu.cards.store import orders as store
from dancu.kernel.actor import Actor, Document, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.models import CardKind, CardState, PersonView, ResidenceFact
from dancu.population.service.look import nobody
from dancu.population.service.relatives import names_now
from dancu.territory.service import gazetteer

CARD: Final = "person.write.card"
ENROL: Final = "eid.enrol"
MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order and whose it is, for a list; `name` "" where it may not be seen."""

    order: CardOrder
    name: str


async def order_card(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, *, reason: OrderReason | str = "", office_id: int | str = "",
) -> CardOrder:  # fmt: skip
    """Order a card, to be handed over at `office_id`; without a reason the registry says which it is. Raises Conflict
    where one is on its way, where the person has no number or no date of birth, or is dead."""
    view = await population.person(conn, actor, purpose, key, permission=ENROL if actor.can(ENROL) else CARD)
    number, born = view.personal_id, view.born
    if view.alive_until is not None:
        raise Conflict("card_order.dead", N_("Người này đã mất, không làm thẻ được."))
    if number is None or born is None:
        raise Conflict("card_order.incomplete", N_("Hồ sơ chưa có số định danh hoặc ngày sinh. Hãy bổ sung trước khi làm thẻ."))
    today = SYSTEM_CLOCK.today()
    before = view.card
    why = OrderReason(reason) if reason else policy.reason(
        len(view.cards), before.expires_on if before else None, today,
        lost=before is None and any(card.state == CardState.LOST for card in view.holding(view.cards)),
    )  # fmt: skip
    order = await store.add(
        conn, actor, key, reason=why, office=str(office_id), areas=view.areas, case_ref=purpose.case_ref, number=number.number,
        expires_on=policy.good_until(born, today),
    )  # fmt: skip
    if order is None:
        raise Conflict("card_order.open", N_("Người này đang có một đơn làm thẻ. Hãy theo đơn đó."))
    await _recorded(conn, actor, purpose, order, "card.order")
    return order


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, *, how_many: int = MOST_LISTED) -> list[OrderLine]:
    """Open orders of the officer's area, the oldest first, with whose they are. Raises NotAllowed."""
    listed = await store.waiting(conn, actor, purpose, how_many)
    names = await names_now(conn, actor, purpose, [key for key, _ in listed])
    found = {(order.person_key, order.order_id): order for order in await store.of_persons(conn, [key for key, _ in listed])}
    return [OrderLine(found[at], names.get(at[0], "")) for at in listed if at in found]


async def order(conn: Conn, actor: Actor, purpose: Purpose, key: int, order_id: int) -> tuple[CardOrder, PersonView]:
    """One order and the record of whom it is for. Raises NotFound, NotAllowed."""
    view = await population.person(conn, actor, purpose, key)
    return await _one(conn, key, order_id), view


async def order_by_text(
    conn: Conn, actor: Actor, purpose: Purpose, text: str, *, reason: OrderReason | str = "", office_id: int | str = ""
) -> CardOrder:
    """Order a card for whom a card's text or a typed number names. Raises Invalid, NotFound, and as `order_card`."""
    reading = read_text(text)
    keys = await population.keys_by_number(conn, reading.number)
    if not keys:
        raise nobody(actor, purpose)
    return await order_card(conn, actor, purpose, keys[0], reason=reason, office_id=office_id)


async def orders_of(conn: Conn, key: int) -> list[CardOrder]:
    """Orders of a person whose record the caller opened."""
    return await store.of_persons(conn, [key])


async def deliver(conn: Conn, actor: Actor, purpose: Purpose, key: int, order_id: int) -> CardOrder:
    """Hand the card over: from now on it is the card in force in the registry, and the one before is replaced. Raises
    Conflict where the order is not at this step, and what the registry's verb raises."""
    await population.person(conn, actor, purpose, key)
    now = await _one(conn, key, order_id, lock=True)
    policy.step(now.state, OrderState.DELIVERED)
    assert now.issued_on is not None
    await population.issue_card(
        conn, actor, purpose, Document("id_card", f"DT-{order_id}", now.issued_on), key, kind=CardKind.CAN_CUOC,
        number=now.number, issued_on=now.issued_on, issued_by=now.org_code, expires_on=now.expires_on,
    )  # fmt: skip
    await store.change(conn, now, OrderState.DELIVERED, by=actor.actor_id)
    await _recorded(conn, actor, purpose, now, "card.deliver")
    return await _one(conn, key, order_id)


async def activate(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, order_id: int, text: str, *, seen: bool = False
) -> CardOrder:
    """Read the card that was handed over; that it reads and is the one ordered makes it active. `seen`: the officer says it is this
    one, where the card before has the same day. Raises Invalid for what cannot be read or could be another card, Conflict where
    the card was lost, revoked or replaced meanwhile."""
    reading = read_text(text)
    view = await population.person(conn, actor, purpose, key)
    now = await _one(conn, key, order_id, lock=True)
    policy.step(now.state, OrderState.ACTIVE)
    if not _is(now, reading):
        raise Invalid("card_order.other_card", N_("Thẻ vừa đọc không phải thẻ của đơn này. Hãy kiểm tra và đọc lại."))
    if void(reading, view) not in (None, CardState.EXPIRED):
        raise Conflict("card_order.ended", N_("Thẻ của đơn này đã báo mất, bị thu hồi hoặc được thay sau khi trao. Hãy đặt làm thẻ mới."))
    if alike(reading, view):
        if not has_twin(now, view):
            raise Invalid("card_order.scan_code", N_("Thẻ trước của người này có cùng dòng chữ máy đọc, nên dòng đó không cho biết đây là thẻ nào. Hãy quét mã QR của thẻ mới."))
        if not seen:
            raise Invalid("card_order.same_day", N_("Người này có một thẻ khác cấp cùng ngày, mã trên hai thẻ như nhau. Hãy nhìn xem đây đúng là thẻ vừa trao, đánh dấu ở dưới rồi đọc lại."))
    await store.change(conn, now, OrderState.ACTIVE)
    await _recorded(conn, actor, purpose, now, "card.activate", **({"seen": True} if seen else {}))
    return await _one(conn, key, order_id)


async def cancel(conn: Conn, actor: Actor, purpose: Purpose, key: int, order_id: int) -> CardOrder:
    """Drop an order whose card was not handed over. Raises Conflict."""
    await population.person(conn, actor, purpose, key)
    now = await _one(conn, key, order_id, lock=True)
    policy.step(now.state, OrderState.CANCELLED)
    await store.change(conn, now, OrderState.CANCELLED)
    await _recorded(conn, actor, purpose, now, "card.cancel")
    return await _one(conn, key, order_id)


async def simulate_production(conn: Conn, *, most: int = 100) -> int:
    """The factory of the demonstration (role worker): what was ordered is produced. A real factory reports through
    the same step."""
    made = await store.produce(conn, SYSTEM_CLOCK.today(), most)
    for key, order_id, office in made:
        await events.emit(conn, CARD_PRODUCED, key, {"order": order_id, "office": office})
    return len(made)


def has_twin(order: CardOrder, view: PersonView) -> bool:
    """Has the person another card, no more in force, whose code reads like the one of this order?"""
    return order.issued_on is not None and alike(printed(order, view), view)


def printed(order: CardOrder, view: PersonView) -> Reading:
    """What stands on the card of an order, for the production of it."""
    name = view.name.full_name if view.name else ""
    sex = str(view.birth.sex) if view.birth and view.birth.sex else ""
    home = view.permanent
    return Reading(
        TextKind.QR, order.number, "", name, view.born, sex, _whole(home) if home else "", order.issued_on, order.expires_on
    )


def _whole(home: ResidenceFact) -> str:
    """Address with its commune and province: what stands in the registry beside the commune is often the hamlet alone."""
    unit = gazetteer().full_name(home.unit_id) if home.unit_id is not None else ""
    return ", ".join(part for part in (home.address, unit) if part)


def _is(order: CardOrder, reading: Reading) -> bool:
    dates = ((reading.issued_on, order.issued_on), (reading.expires_on, order.expires_on))
    return (
        reading.kind is not TextKind.NUMBER
        and reading.number == order.number
        and all(shown == known for shown, known in dates if shown is not None)
    )


async def _one(conn: Conn, key: int, order_id: int, *, lock: bool = False) -> CardOrder:
    found = await store.one(conn, key, order_id, lock=lock)
    if found is None:
        raise NotFound("card_order.unknown", N_("Không có đơn làm thẻ này."))
    return found


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, order: CardOrder, verb: str, **note: object) -> None:
    await audit.record(
        conn, actor, purpose, action="write", subjects=[order.person_key], fields=["card_order"],
        note={"verb": verb, "order": order.order_id, **note},
    )  # fmt: skip
