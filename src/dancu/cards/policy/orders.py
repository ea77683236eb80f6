"""What may become of an order, why one is made, and until when its card is good."""

from __future__ import annotations

from datetime import date
from typing import Final

from dancu.cards.models.order import OrderReason, OrderState
from dancu.cards.rules import CARD_AGES, in_force
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict

NEXT: Final[dict[OrderState, frozenset[OrderState]]] = {
    OrderState.ORDERED: frozenset({OrderState.PRODUCED, OrderState.CANCELLED}),
    OrderState.PRODUCED: frozenset({OrderState.DELIVERED, OrderState.CANCELLED}),
    OrderState.DELIVERED: frozenset({OrderState.ACTIVE}),
    OrderState.ACTIVE: frozenset(),
    OrderState.CANCELLED: frozenset(),
}


def step(now: OrderState, then: OrderState) -> None:
    """Raise Conflict unless an order in state `now` may become `then`."""
    if then not in NEXT[now]:
        raise Conflict("card_order.state", "Đơn làm thẻ không còn ở bước này. Hãy mở lại danh sách.")


def reason(cards_before: int, expires_on: date | None, today: date, *, lost: bool = False) -> OrderReason:
    """Why a card is ordered where nobody said: the first one, one that was lost or ran out, or something on it changed."""
    if not cards_before:
        return OrderReason.FIRST
    if lost:
        return OrderReason.LOST
    return OrderReason.AGE if expires_on is not None and expires_on <= today else OrderReason.CHANGED


def good_until(born: PartialDate, issued_on: date) -> date | None:
    """The birthday up to which a card issued that day serves: the next age at which it must be changed, or the one
    after where it is issued within the years before; None: without end. Of a partial date of birth the latest day
    counts, as for every age reached."""
    rule = in_force(CARD_AGES, issued_on)
    birthdays = [_birthday(born.latest(), age) for age in rule.ages]
    return next((day for day in birthdays if _birthday(issued_on, rule.years_before) <= day), None)


def _birthday(born: date, age: int) -> date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:  # 29 February
        return date(born.year + age, 3, 1)
