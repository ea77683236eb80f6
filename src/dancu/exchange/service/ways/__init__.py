"""The seven ways of proving residence, each from what a counter typed or read to how it ended.

Whatever way was used, the address is the registry's own: a card or paper only shows who stands at the counter. Each way
looks at one person through the gate with exactly the fields that are compared and shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from dancu.exchange.models.residence import Asked, Found, Way
from dancu.exchange.service.ways.account import ASK_SECONDS, CODE_SECONDS, by_account, code_digest
from dancu.exchange.service.ways.compared import FIELDS, facts_of, permission_of
from dancu.exchange.service.ways.papers import by_card, by_chip, by_confirmation, by_notice, by_number, by_qr
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_WAYS: Final[dict[Way, Callable[[Conn, Actor, Purpose, Asked], Awaitable[Found]]]] = {
    Way.LOOKUP: by_number, Way.QR: by_qr, Way.CHIP: by_chip, Way.CARD: by_card, Way.NOTICE: by_notice, Way.CONFIRMATION: by_confirmation,
}  # fmt: skip


async def attempt(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, org_name: str) -> Found:
    """Try one way. Raises Invalid for a form to be mended, NotAllowed where the gate refuses, Exceeded for guessing codes."""
    if asked.way is Way.ACCOUNT:
        return await by_account(conn, actor, purpose, asked, org_name)
    return await _WAYS[asked.way](conn, actor, purpose, asked)


__all__ = ["ASK_SECONDS", "CODE_SECONDS", "FIELDS", "attempt", "code_digest", "facts_of", "permission_of"]
