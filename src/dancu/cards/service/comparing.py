"""A card that was read, held against the registry: does it name whom it says, and is it the card in force?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dancu.cards.models import Reading, TextKind
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.population import service as population
from dancu.population.models import CardFact, CardState, PersonView
from dancu.population.service.look import nobody
from dancu.population.service.verify import Agreement, compare, verify


class Standing(StrEnum):
    """`SAME`: the card's dates are those of the card in force. `OTHER`: another card is in force, this one was replaced
    or lost. `NONE`: none is in force. `UNKNOWN`: the text has no dates or another card has the same (`alike`), or the asker may not know."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Compared:
    """`fields`: agreement per field of the card. `person_key` is for the verb that asked. Not found: `fields` is empty."""

    found: bool
    alive: bool = True
    fields: Mapping[str, Agreement] = field(default_factory=dict)
    card: Standing = Standing.UNKNOWN
    person_key: int = 0

    @property
    def agrees(self) -> bool:
        return self.found and self.alive and Agreement.NO not in self.fields.values() and self.card in (Standing.SAME, Standing.UNKNOWN)


async def compare_card(conn: Conn, actor: Actor, purpose: Purpose, reading: Reading) -> Compared:
    """Hold a reading against the record of its number. Whoever may read the record learns too whether the card is in
    force; who may only compare learns the fields. On record either way. Raises NotAllowed where neither is
    held; an unknown number is an answer, kept in the log."""
    if actor.can("person.verify") and not actor.can("person.read"):
        told = await verify(conn, actor, purpose, reading.number, reading.declared())
        return Compared(told.found, told.alive, told.fields, person_key=told.person_key)
    keys = await population.keys_by_number(conn, reading.number)
    if not keys:
        refused = nobody(actor, purpose)
        if refused.evidence is not None:
            await refused.evidence(conn)
        return Compared(False)
    view = await population.person(conn, actor, purpose, keys[0])
    return Compared(
        True, view.alive_until is None, compare(view, reading.declared()), standing(reading, view), view.person_key
    )


def standing(reading: Reading, view: PersonView) -> Standing:
    """Whether the card read is the one in force, by the date each of its texts carries."""
    card = view.card
    if alike(reading, view):
        return Standing.UNKNOWN
    if card is None:
        return Standing.NONE if reading.kind is not TextKind.NUMBER else Standing.UNKNOWN
    pairs = ((reading.issued_on, card.issued_on), (reading.expires_on, card.expires_on))
    told = [shown == known for shown, known in pairs if shown is not None and known is not None]
    return Standing.UNKNOWN if not told else Standing.SAME if all(told) else Standing.OTHER


def void(reading: Reading, view: PersonView) -> CardState | None:
    """Why the card that was read is not the one in force: how the registry has it, REPLACED where the registry does not know it and one
    of a later day is in force, EXPIRED where its days are over. None where nothing stands against it. A card is told by its day of
    issue, a machine-readable zone by its day of expiry: two cards of the same day are one (`alike`)."""
    shown = reading.issued_on or reading.expires_on
    if shown is None:
        return None
    this = [card for card in view.cards if _day(reading, card) == shown]
    if active := [card for card in view.holding(this) if card.state == CardState.ACTIVE]:
        return CardState.EXPIRED if all(over(card.expires_on, view.as_of) for card in active) else None
    if this:
        last = max(this, key=lambda card: card.valid.start or date.min)
        return CardState.EXPIRED if last.state == CardState.ACTIVE else last.state
    now = _day(reading, view.card) if view.card else None
    if now is not None and shown < now:
        return CardState.REPLACED
    return CardState.EXPIRED if over(reading.expires_on, view.as_of) else None


def alike(reading: Reading, view: PersonView) -> bool:
    """Could this be a card that is in force no more? Texts of two cards of the same day are the same: where one was lost, revoked or
    replaced on the day the other was issued, reading does not tell which of them is shown."""
    shown = reading.issued_on or reading.expires_on
    states = [card.state for card in view.holding([card for card in view.cards if shown is not None and _day(reading, card) == shown])]
    return CardState.ACTIVE in states and len(states) > 1


def over(expires_on: date | None, day: date) -> bool:
    """Are the days of a card over? One without an end serves for ever."""
    return expires_on is not None and expires_on < day


def _day(reading: Reading, card: CardFact) -> date | None:
    return card.issued_on if reading.issued_on else card.expires_on
