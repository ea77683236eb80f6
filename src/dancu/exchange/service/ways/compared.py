"""What all ways share: one look at one person through the gate, held against what was read or typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from dancu.cards.models import Reading, TextKind
from dancu.cards.service import Standing
from dancu.cards.service.comparing import standing
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.models.residence import Asked, Found, Outcome
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.population import service as population
from dancu.population.models import CardState, PersonView
from dancu.population.service import words
from dancu.population.service.look import nobody
from dancu.population.service.verify import Agreement, compare, release

FIELDS: Final = ("number", "name", "birth", "sex", "residence", "life", "cards")


def permission_of(actor: Actor) -> str:
    """A desk proves with its own permission, a program with what an agreement released."""
    return "residence.prove" if actor.kind is ActorKind.STAFF else "person.release"


async def compared(
    conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, reading: Reading, declared: Mapping[str, str], how: tuple[str, ...] = ()
) -> Found:
    """Hold what was read or typed against the record of its number."""
    keys = await population.keys_by_number(conn, reading.number)
    read = typed(reading) if reading.kind is not TextKind.NUMBER else {}
    if not keys:
        return with_(await nobody_there(conn, actor, purpose), read=read)
    view = await _look(conn, actor, purpose, asked, keys[0])
    fields = {field: word.value for field, word in compare(view, declared).items()}
    if Agreement.CLOSE in fields.values():
        how = (*how, "close")
    card = standing(reading, view)
    if card is not Standing.UNKNOWN:
        fields["card"] = card.value
    found = _settled(view, asked, how)
    today = SYSTEM_CLOCK.today()
    outcome = found.outcome
    if Agreement.NO in fields.values():
        outcome = Outcome.DISAGREES
    elif outcome is Outcome.PROVED and reading.kind is not TextKind.NUMBER and _over(reading, view, today):
        outcome = Outcome.EXPIRED
    elif outcome is Outcome.PROVED and card in (Standing.OTHER, Standing.NONE):
        outcome = Outcome.REPLACED
    return Found(outcome, view.person_key, fields, found.facts if outcome is Outcome.PROVED else {}, read, how=how)


def _over(reading: Reading, view: PersonView, today: date) -> bool:
    """Did the card that was read run out, by its own text or by the registry's card of that day of issue?"""
    if reading.expires_on is not None:
        return reading.expires_on < today
    same = [card for card in view.cards if card.issued_on == reading.issued_on and card.state in (CardState.ACTIVE, CardState.EXPIRED)]
    return bool(same) and all(card.expires_on is not None and card.expires_on < today for card in same)


async def seen(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, key: int) -> Found:
    """Who it is was proved already; what the registry says of their residence."""
    return _settled(await _look(conn, actor, purpose, asked, key), asked)


async def _look(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, key: int) -> PersonView:
    extra = tuple(need for need in PROCEDURES[asked.procedure].needs if need in ("household", "marital"))
    view = await release(conn, actor, purpose, key, (*FIELDS, *extra), permission=permission_of(actor))
    if view.merged_into is not None:
        return await release(conn, actor, purpose, view.merged_into, (*FIELDS, *extra), permission=permission_of(actor))
    return view


def _settled(view: PersonView, asked: Asked, how: tuple[str, ...] = ()) -> Found:
    if view.alive_until is not None:
        return Found(Outcome.DEAD, view.person_key)
    if view.permanent is None and view.temporary is None:
        return Found(Outcome.NO_RESIDENCE, view.person_key)
    return Found(Outcome.PROVED, view.person_key, facts=facts_of(view, PROCEDURES[asked.procedure].needs), how=how)


def facts_of(view: PersonView, needs: tuple[str, ...]) -> dict[str, Any]:
    """What a receipt or confirmation states, in words as the registry has them; only what is needed."""
    who = words.summary(view)
    told: dict[str, Any] = {"number": who.number, "name": who.name, "birth": who.birth, "sex": who.sex}
    if "residence" in needs:
        told["permanent"] = who.permanent
        told["temporary"] = words.value(view, "residence", "temporary")
        since = view.permanent.valid.start if view.permanent else None
        told["since"] = since.strftime("%d/%m/%Y") if since else ""
    if "household" in needs:
        told["relation"] = words.value(view, "member", "relation")
    if "marital" in needs:
        told["marital"] = words.value(view, "marital", "status")
    return {name: value for name, value in told.items() if value}


async def nobody_there(conn: Conn, actor: Actor, purpose: Purpose) -> Found:
    refused = nobody(actor, purpose)
    if refused.evidence is not None:
        await refused.evidence(conn)
    return Found(Outcome.NOT_FOUND)


def with_(found: Found, *, ref: str = "", read: Mapping[str, str] | None = None) -> Found:
    return replace(found, ref=ref or found.ref, read=read if read is not None else found.read)


def typed(reading: Reading) -> dict[str, str]:
    """What a reader told, as the form's fields: the next way goes on with it."""
    told = {
        "number": reading.number, "name": reading.name if reading.name_reliable else "",
        "birth": reading.birth.vi() if reading.birth else "",
        "issued_on": reading.issued_on.strftime("%d/%m/%Y") if reading.issued_on else "",
    }  # fmt: skip
    return {field: value for field, value in told.items() if value}
