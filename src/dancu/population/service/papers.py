"""ID cards, phone and e-mail."""

from __future__ import annotations

from datetime import date

from dancu.population.models import CardKind, CardState, ContactKind
from dancu.population.policy import papers as rule
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb

CARD = "person.write.card"
CONTACT = "person.write.contact"


@verb("issue_card", CARD)
async def issue_card(
    act: Act,
    person_key: int,
    *,
    kind: CardKind,
    number: str,
    issued_on: date,
    issued_by: str = "",
    expires_on: date | None = None,
) -> Work:
    """A card was issued; the one in force before it is replaced."""
    work = await _one(act, person_key)
    rule.issue_card(work, person_key, kind, number, issued_on, issued_by, expires_on)
    return work


@verb("end_card", CARD)
async def end_card(act: Act, person_key: int, *, state: CardState, on: date) -> Work:
    """The card in force was lost, revoked or ran out."""
    work = await _one(act, person_key)
    rule.end_card(work, person_key, state, on)
    return work


@verb("change_contact", CONTACT)
async def change_contact(
    act: Act, person_key: int, *, kind: ContactKind, value: str | None, since: date | None = None
) -> Work:
    """Another phone number or e-mail address; None: none any more."""
    work = await _one(act, person_key)
    rule.change_contact(work, person_key, kind, value, since or act.today)
    return work


async def _one(act: Act, person_key: int) -> Work:
    await act.open([person_key])
    return await act.take(person_key)
