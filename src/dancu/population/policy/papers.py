"""ID cards and contacts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dancu.kernel.errors import Conflict, Invalid
from dancu.kernel.numbers import normalize_phone
from dancu.kit.i18n import N_
from dancu.kit.messages import is_mail
from dancu.population import events
from dancu.population.models import (
    CardFact,
    CardKind,
    CardState,
    ContactFact,
    ContactKind,
    Told,
    Valid,
)
from dancu.population.policy import rules
from dancu.population.policy.work import Work


def issue_card(
    work: Work,
    key: int,
    kind: CardKind,
    number: str,
    issued_on: date,
    issued_by: str,
    expires_on: date | None,
) -> None:
    """A new card; the one before it is replaced. A card in force has one place: the person's pocket."""
    view = work.view(key)
    rules.living(view)
    rules.happened(issued_on, work.today, "issued_on")
    rules.after_birth(view, issued_on)
    if not number.strip():
        raise Invalid("card.number", N_("Hãy ghi số thẻ."))
    valid = rules.period(issued_on, expires_on + rules.ONE_DAY if expires_on else None)
    active = [
        c for c in work.facts(key, CardFact) if c.state == CardState.ACTIVE and c.valid.overlaps(Valid(issued_on))
    ]
    if any(c.valid.start is not None and c.valid.start > issued_on for c in active):
        raise Conflict("card.newer", N_("Đã có thẻ cấp sau ngày này. Hãy xem lại ngày cấp."))
    for card in active:
        _state(work, key, card, CardState.REPLACED, issued_on)
    work.open(
        key,
        CardFact(
            source=work.source, valid=valid, kind=kind, number=number.strip(), issued_on=issued_on,
            issued_by=issued_by, expires_on=expires_on,
        ),
    )  # fmt: skip
    work.events.append(events.CardChanged(key, CardState.ACTIVE))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def end_card(work: Work, key: int, state: CardState, on: date) -> None:
    """The card in force was lost, revoked, or ran out on `on`."""
    if state in (CardState.ACTIVE, CardState.REPLACED):
        raise Invalid("card.state", N_("Hãy chọn: mất, thu hồi hoặc hết hạn."))
    rules.standing(work.view(key))
    rules.happened(on, work.today)
    card = next((c for c in work.facts(key, CardFact) if c.state == CardState.ACTIVE and c.valid.holds(on)), None)
    if card is None:
        raise Conflict("card.none", N_("Người này không có thẻ còn hiệu lực vào ngày đó."))
    _state(work, key, card, state, on)
    work.events.append(events.CardChanged(key, state))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def _state(work: Work, key: int, card: CardFact, state: CardState, on: date) -> None:
    work.erase(key, CardFact, Valid(on), lambda c: c.state == CardState.ACTIVE and c.number == card.number)
    work.put(key, replace(card, state=state, valid=Valid(on), source=work.source))


def change_contact(work: Work, key: int, kind: ContactKind, value: str | None, since: date) -> None:
    """Another phone number or e-mail address from `since` on; None: none any more."""
    view = work.view(key)
    rules.living(view)
    rules.happened(since, work.today)
    if value is None:
        if not work.end(key, ContactFact, since, lambda c: c.kind == kind):
            raise Conflict("contact.none", N_("Không có thông tin liên hệ loại này để bỏ."))
    else:
        work.follow(key, ContactFact(source=work.source, valid=Valid(since), kind=kind, value=contact_value(kind, value)))
    work.events.append(events.ContactChanged(key, kind))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def contact_value(kind: ContactKind, value: str) -> str:
    """The value as kept: a phone in E.164, an e-mail as written."""
    if kind == ContactKind.PHONE:
        return normalize_phone(value)
    text = "".join(value.split())
    if not is_mail(text):
        raise Invalid("contact.email", N_("Thư điện tử chưa đúng dạng ten@vidu.vn."))
    return text
