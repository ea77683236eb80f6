"""What follows when an account has been made: its holder is told and gets the code, unless the registry has their card as revoked.
Then the account is locked as it would be by a revocation of the day after; the card that comes opens it, and only then the code goes
out and its days begin."""

from __future__ import annotations

from datetime import date

from dancu.accounts.models.locks import Ground
from dancu.accounts.service import activate, locks
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kit.db import Conn
from dancu.population import service as population
from dancu.population.models import CardState, PersonView


def awaits_card(view: PersonView) -> bool:
    """Is no card in force, and was the last one revoked? A lost card or one that ran out holds nobody: it locks no account in use either,
    and the officer has seen or written whose account it is. `view` has the cards."""
    if view.card is not None:
        return False
    begun = [card for card in view.cards if (card.valid.start or date.min) <= view.as_of]
    last = max(begun, key=lambda card: card.valid.start or date.min, default=None)
    return last is not None and last.state == CardState.REVOKED


async def invite_or_hold(conn: Conn, key: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """The first message about the account just made, in the transaction that opened the person. From here on the registry's news of them
    waits for its end, so that none is heard before the account is there."""
    if awaits_card(await population.held(conn, key)):
        await locks.registry_says(conn, SYSTEM, key, Ground.CARD_REVOKED)
    else:
        await activate.invite(conn, key, clock=clock)
