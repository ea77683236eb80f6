"""Addresses of records that cannot be counted through: `<record number>-<mark>`.

Record numbers follow each other, and an officer who may look up the whole country could open them one after another. So an
address names a record only with a mark that this installation made for this very person at a desk, when a page showed them
the way: a hit of a search, a number they typed, a case, a member of a household. Nothing is kept anywhere: any process of the
installation checks a mark, also after a restart. It holds on the day it was made and on the next one (a shift may pass
midnight), so bookmarks last a day's work. What may be read behind it the gate decides as ever.
"""

from __future__ import annotations

import hmac

from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.ring import ring

_MARK = 24  # hex digits, 96 bits
_LONGEST = 18  # digits of a record number: what PostgreSQL's bigint certainly holds


def handle(actor: Actor, key: int) -> str:
    """The record `key` in an address, for this actor alone."""
    return f"{key}-{_mark(actor, str(key), SYSTEM_CLOCK.today().toordinal())}"


def key_in(actor: Actor, text: str) -> int | None:
    """The record an address names; None for a bare number, an old mark, and one made for somebody else."""
    number, _, given = text.partition("-")
    if not (given.isascii() and number.isascii() and number.isdigit() and len(number) <= _LONGEST):
        return None
    today = SYSTEM_CLOCK.today().toordinal()
    fits = any(hmac.compare_digest(_mark(actor, number, day), given) for day in (today, today - 1))
    return int(number) if fits else None


def _mark(actor: Actor, number: str, day: int) -> str:
    return ring().mac("record address", f"{actor.kind}|{actor.actor_id}|{day}|{number}".encode()).hex()[:_MARK]
