"""Subscriptions of partners to the registry's news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """`PUSH`: we call the subscriber's address. `PULL`: it asks."""

    PUSH = "push"
    PULL = "pull"


@dataclass(frozen=True, slots=True)
class Subscription:
    """`place`: the number of the last event delivered or fetched. `failing_since`: since when deliveries fail, None while
    they do not. `error`: why the last one failed, in a word. `client_no` 0: a name of a demonstration. `dialect`: in whose
    words the news is told, "" in ours."""

    subscription_id: str
    org_code: str
    client_no: int
    kinds: tuple[str, ...]
    purpose: str
    legal_basis: str
    mode: Mode
    url: str
    batch: int
    state: str
    place: int
    tries: int
    due_at: datetime
    failing_since: datetime | None
    delivered_at: datetime | None
    delivered: int
    error: str
    created_at: datetime
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """One event as a subscriber may hear it: `ref` is its own reference of the person."""

    seq: int
    topic: str
    ref: str
    payload: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event the subscriber refused for good."""

    subscription_id: str
    seq: int
    error: str
    at: datetime
    settled_at: datetime | None
    settled_how: str | None
