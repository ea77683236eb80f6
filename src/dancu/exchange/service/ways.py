"""The seven ways of proving residence, each from what a counter typed or read to how it ended.

Whatever way was used, the address is the registry's own: a card or paper only shows who stands at the counter. Each way
looks at one person through the gate with exactly the fields that are compared and shown.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from dancu.accounts.service import approvals, core
from dancu.cards.models import Reading, TextKind
from dancu.cards.service import Standing, read_text
from dancu.cards.service.comparing import standing
from dancu.exchange.models.confirmation import ConfirmationKind, ConfirmationState
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.models.residence import Asked, Found, Outcome, Way
from dancu.exchange.service import chip, confirmations
from dancu.exchange.store import residence as store
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import Exceeded, FieldError, Invalid
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.ring import ring
from dancu.population import service as population
from dancu.population.models import CardState, PersonView
from dancu.population.service import words
from dancu.population.service.look import nobody
from dancu.population.service.verify import Agreement, compare, release

FIELDS: Final = ("number", "name", "birth", "sex", "residence", "life", "cards")
#: Seconds the citizen has to answer on the phone, and a code is shown.
ASK_SECONDS, CODE_SECONDS = 300, 60
_CODE_DIGITS: Final = 8
_TEXT: Final = N_("Chứng minh nơi cư trú cho hồ sơ {case}")


def permission_of(actor: Actor) -> str:
    """A desk proves with its own permission, a program with what an agreement released."""
    return "residence.prove" if actor.kind is ActorKind.STAFF else "person.release"


async def attempt(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, org_name: str) -> Found:
    """Try one way. Raises Invalid for a form to be mended, NotAllowed where the gate refuses, Exceeded for guessing codes."""
    if asked.way is Way.ACCOUNT:
        return await _account(conn, actor, purpose, asked, org_name)
    return await _WAYS[asked.way](conn, actor, purpose, asked)


async def _lookup(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """The number, and the name or the birth date as said: a number alone is no proof of who stands there."""
    _number(asked)
    declared = _declared(asked)
    if not declared:
        _lacks("name", N_("Hãy nhập thêm họ tên hoặc ngày sinh để đối chiếu."))
    return await _compared(conn, actor, purpose, asked, Reading(TextKind.NUMBER, _number(asked)), declared)


async def _card(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """What is printed on the card, typed: all of it, the day of issue too, which tells the card in force from an older one."""
    number = _number(asked)
    issued = _day("issued_on", asked.issued_on)
    declared = _declared(asked)
    if "name" not in declared:
        _lacks("name", N_("Hãy nhập họ tên in trên thẻ."))
    reading = Reading(TextKind.QR, number, name=asked.name, issued_on=issued)
    return await _compared(conn, actor, purpose, asked, reading, declared, how=("typed",))


async def _notice(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """The notice of personal number carries name and birth; both are compared."""
    number, declared = _number(asked), _declared(asked)
    for field, message in (("name", N_("Hãy nhập họ tên in trên thông báo.")), ("birth", N_("Hãy nhập ngày sinh in trên thông báo."))):
        if field not in declared:
            _lacks(field, message)
    return await _compared(conn, actor, purpose, asked, Reading(TextKind.NUMBER, number), declared, how=("typed",))


async def _qr(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    try:
        reading = read_text(asked.text)
    except Invalid as error:
        return Found(Outcome.UNREADABLE, why=(error.code, error.message))
    if reading.kind is TextKind.NUMBER:
        message = N_("Đây chỉ là số định danh, không phải mã QR của thẻ. Hãy quét lại, hoặc dùng cách tra cứu.")
        return Found(Outcome.UNREADABLE, read={"number": reading.number}, why=("residence.qr.number", message))
    how = ("degraded",) if reading.degraded else ()
    return await _compared(conn, actor, purpose, asked, reading, reading.declared(), how=how)


async def _chip(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    try:
        read = chip.read(asked.chip)
    except Invalid as error:
        return Found(Outcome.UNREADABLE, why=(error.code, error.message))
    if read.authenticity is chip.Authenticity.FORGED:
        return Found(Outcome.FORGED, read=_typed(read.reading))
    return await _compared(conn, actor, purpose, asked, read.reading, read.reading.declared(), how=(f"chip_{read.authenticity.value}",))


async def _confirmation(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    checked = await confirmations.check(conn, actor, purpose, asked.text)
    if checked.state is not ConfirmationState.VALID:
        ended = {
            ConfirmationState.EXPIRED: Outcome.EXPIRED, ConfirmationState.REVOKED: Outcome.REVOKED,
            ConfirmationState.CHANGED: Outcome.CHANGED, ConfirmationState.UNREADABLE: Outcome.UNREADABLE,
        }.get(checked.state, Outcome.FORGED)  # fmt: skip
        read = {"number": str(checked.claims.get("number", ""))} if checked.claims else {}
        return Found(ended, read=read, why=("residence.confirmation", N_("Nội dung này không phải giấy xác nhận của hệ thống.")))
    if checked.claims.get("kind") != ConfirmationKind.RESIDENCE:
        return Found(Outcome.UNREADABLE, why=("residence.confirmation.kind", N_("Giấy này không xác nhận nơi cư trú.")))
    found = await _seen(conn, actor, purpose, asked, checked.person_key)
    return _with(found, ref=str(checked.claims["jti"]))


# The account ------------------------------------------------------------------------------------------------------------


async def _account(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, org_name: str) -> Found:
    if asked.code:
        return await _by_code(conn, actor, purpose, asked)
    if asked.token:
        return await _by_approval(conn, actor, purpose, asked)
    number = _number(asked)
    keys = await population.keys_by_number(conn, number)
    if not keys:
        return await _nobody(conn, actor, purpose)
    account = await core.account(conn, keys[0])
    if account is None or not account.usable or account.level < 2:
        return Found(Outcome.NO_ACCOUNT)
    text = gettext(_TEXT, account.language, case=asked.case_ref)[: approvals.LONGEST_TEXT]
    approval_id = await approvals.ask(
        conn, keys[0], client_no=0, client_name=org_name, org_name=org_name, kind="residence", text=text, purpose=purpose.code,
        seconds=ASK_SECONDS,
    )  # fmt: skip
    return Found(Outcome.WAITING, token=_token(actor, approval_id, asked.case_ref))


async def _by_approval(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    approval_id, _, _ = asked.token.partition(".")
    # The request belongs to who asked, in the dossier they asked for: nobody else uses the citizen's yes.
    if not hmac.compare_digest(asked.token, _token(actor, approval_id, asked.case_ref)):
        raise Invalid("residence.token", N_("Yêu cầu này không phải của hồ sơ đang mở. Hãy hỏi lại."))
    answer = await approvals.answer(conn, approval_id)
    if answer is None or answer.state == "expired":
        return Found(Outcome.TOO_LATE)
    if answer.state == "pending":
        return Found(Outcome.WAITING, token=asked.token)
    if answer.state != "approved":
        return Found(Outcome.DENIED)
    return await _of_account(conn, actor, purpose, asked, answer.person_key, f"approval:{approval_id}", answer.lock_version)


def _token(actor: Actor, approval_id: str, case_ref: str) -> str:
    mark = ring().mac("residence approval", f"{approval_id}|{actor.kind}|{actor.actor_id}|{case_ref}".encode()).hex()[:32]
    return f"{approval_id}.{mark}"


async def _by_code(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """What the citizen's phone shows for a minute. Wrong ones cost the desk, so that nobody tries them out."""
    code = "".join(ch for ch in asked.code if not ch.isspace())
    if not (code.isascii() and code.isdigit() and len(code) == _CODE_DIGITS):
        _lacks("code", N_("Mã có 8 chữ số. Hãy xem lại màn hình của người dân."))
    tried = throttle.bucket("residence code", actor.kind.value, str(actor.actor_id), burst=10, seconds=30)
    if wait := await throttle.wait_seconds(conn, [tried]):
        raise Exceeded("residence.code.many", N_("Bạn đã nhập sai mã nhiều lần. Xin chờ một lát rồi thử lại."), seconds=int(wait) + 1)
    key = await store.take_code(conn, code_digest(code))
    if key is None:
        await throttle.charge(conn, [tried])
        return Found(Outcome.TOO_LATE)
    return await _of_account(conn, actor, purpose, asked, key, "", None)


def code_digest(code: str) -> bytes:
    """Under which a shown code is kept."""
    return ring().mac("residence code", code.encode())


async def _of_account(
    conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, key: int, ref: str, lock_version: int | None
) -> Found:
    account = await core.account(conn, key)
    if account is None or not account.usable or account.level < 2 or lock_version not in (None, account.lock_version):
        return Found(Outcome.NO_ACCOUNT)
    return _with(await _seen(conn, actor, purpose, asked, key), ref=ref)


# What all share ---------------------------------------------------------------------------------------------------------


async def _compared(
    conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, reading: Reading, declared: Mapping[str, str], how: tuple[str, ...] = ()
) -> Found:
    """Hold what was read or typed against the record of its number."""
    keys = await population.keys_by_number(conn, reading.number)
    read = _typed(reading) if reading.kind is not TextKind.NUMBER else {}
    if not keys:
        return _with(await _nobody(conn, actor, purpose), read=read)
    view = await _look(conn, actor, purpose, asked, keys[0])
    fields = {field: word.value for field, word in compare(view, declared).items()}
    card = standing(reading, view.card)
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


async def _seen(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, key: int) -> Found:
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


async def _nobody(conn: Conn, actor: Actor, purpose: Purpose) -> Found:
    refused = nobody(actor, purpose)
    if refused.evidence is not None:
        await refused.evidence(conn)
    return Found(Outcome.NOT_FOUND)


def _with(found: Found, *, ref: str = "", read: Mapping[str, str] | None = None) -> Found:
    return replace(found, ref=ref or found.ref, read=read if read is not None else found.read)


def _typed(reading: Reading) -> dict[str, str]:
    """What a reader told, as the form's fields: the next way goes on with it."""
    told = {
        "number": reading.number, "name": reading.name if reading.name_reliable else "",
        "birth": reading.birth.vi() if reading.birth else "",
        "issued_on": reading.issued_on.strftime("%d/%m/%Y") if reading.issued_on else "",
    }  # fmt: skip
    return {field: value for field, value in told.items() if value}


def _number(asked: Asked) -> str:
    if not asked.number:
        _lacks("number", N_("Hãy nhập số định danh."))
    try:
        population.check_number(asked.number)
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError("number", error.code, error.message),)) from error
    return "".join(ch for ch in asked.number if ch.isdigit())


def _declared(asked: Asked) -> dict[str, str]:
    told = {}
    if asked.name.strip():
        told["name"] = asked.name.strip()
    if asked.birth.strip():
        told["birth"] = str(_partial("birth", asked.birth))
    return told


def _partial(field: str, text: str) -> PartialDate:
    try:
        return parse_date(text).date
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError(field, error.code, error.message),)) from error


def _day(field: str, text: str) -> date:
    day = _partial(field, text).full() if text.strip() else None
    if day is None:
        _lacks(field, N_("Hãy nhập đủ ngày, tháng, năm. Ví dụ: 31/12/2022."))
        raise AssertionError
    return day


def _lacks(field: str, message: str) -> None:
    raise Invalid("form.invalid", message, fields=(FieldError(field, f"residence.{field}", message),))


_WAYS: Final[dict[Way, Callable[[Conn, Actor, Purpose, Asked], Awaitable[Found]]]] = {
    Way.LOOKUP: _lookup, Way.QR: _qr, Way.CHIP: _chip, Way.CARD: _card, Way.NOTICE: _notice, Way.CONFIRMATION: _confirmation,
}  # fmt: skip
