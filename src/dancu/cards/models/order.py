"""An order of an ID card, from the counter to the citizen's pocket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class OrderState(StrEnum):
    """`PRODUCED`: the card came from the factory. `DELIVERED`: handed over and in the registry. `ACTIVE`: it was read once
    and names its holder."""

    ORDERED = "ordered"
    PRODUCED = "produced"
    DELIVERED = "delivered"
    ACTIVE = "active"
    CANCELLED = "cancelled"


class OrderReason(StrEnum):
    FIRST = "first"
    AGE = "age"
    LOST = "lost"
    DAMAGED = "damaged"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class CardOrder:
    """`office`: where it will be handed over. `number`: what the card will carry."""

    person_key: int
    order_id: int
    reason: OrderReason
    state: OrderState
    office: str
    org_code: str
    ordered_by: int
    ordered_at: datetime
    case_ref: str
    number: str
    issued_on: date | None
    expires_on: date | None
    produced_at: datetime | None
    delivered_at: datetime | None
    activated_at: datetime | None
    cancelled_at: datetime | None
