"""The ways from a card, a chip, a paper or a number said, each from what was typed or read to how it ended."""

from __future__ import annotations

from dataclasses import replace

from dancu.cards.models import Reading, TextKind
from dancu.cards.service import read_text
from dancu.exchange.models.confirmation import ConfirmationKind, ConfirmationState
from dancu.exchange.models.residence import Asked, Found, Outcome
from dancu.exchange.service import chip, confirmations
from dancu.exchange.service.ways.compared import compared, seen, typed
from dancu.exchange.service.ways.form import day_of, declared_of, lacks, number_of
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_


async def by_number(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """The number, and the name or the birth date as said: a number alone is no proof of who stands there."""
    number_of(asked)
    declared = declared_of(asked)
    if not declared:
        lacks("name", N_("Hãy nhập thêm họ tên hoặc ngày sinh để đối chiếu."))
    return await compared(conn, actor, purpose, asked, Reading(TextKind.NUMBER, number_of(asked)), declared)


async def by_card(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """What is printed on the card, typed: all of it, the day of issue too, which tells the card in force from an older one."""
    number = number_of(asked)
    issued = day_of("issued_on", asked.issued_on)
    declared = declared_of(asked)
    if "name" not in declared:
        lacks("name", N_("Hãy nhập họ tên in trên thẻ."))
    reading = Reading(TextKind.QR, number, name=asked.name, issued_on=issued)
    return await compared(conn, actor, purpose, asked, reading, declared, how=("typed",))


async def by_notice(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """The notice of personal number carries name and birth; both are compared."""
    number, declared = number_of(asked), declared_of(asked)
    for field, message in (("name", N_("Hãy nhập họ tên in trên thông báo.")), ("birth", N_("Hãy nhập ngày sinh in trên thông báo."))):
        if field not in declared:
            lacks(field, message)
    return await compared(conn, actor, purpose, asked, Reading(TextKind.NUMBER, number), declared, how=("typed",))


async def by_qr(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    try:
        reading = read_text(asked.text)
    except Invalid as error:
        return Found(Outcome.UNREADABLE, why=(error.code, error.message))
    if reading.kind is TextKind.NUMBER:
        message = N_("Đây chỉ là số định danh, không phải mã QR của thẻ. Hãy quét lại, hoặc dùng cách tra cứu.")
        return Found(Outcome.UNREADABLE, read={"number": reading.number}, why=("residence.qr.number", message))
    how = ("degraded",) if reading.degraded else ()
    return await compared(conn, actor, purpose, asked, reading, reading.declared(), how=how)


async def by_chip(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    try:
        read = chip.read(asked.chip)
    except Invalid as error:
        return Found(Outcome.UNREADABLE, why=(error.code, error.message))
    if read.authenticity is chip.Authenticity.FORGED:
        return Found(Outcome.FORGED, read=typed(read.reading))
    return await compared(conn, actor, purpose, asked, read.reading, read.reading.declared(), how=(f"chip_{read.authenticity.value}",))


async def by_confirmation(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
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
    found = await seen(conn, actor, purpose, asked, checked.person_key)
    return replace(found, ref=str(checked.claims["jti"]), how=("paper_signed",))
