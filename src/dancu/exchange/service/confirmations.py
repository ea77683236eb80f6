"""Signed confirmations of residence, number and civil status: issued by citizens themselves or at a counter, checked by
whoever was given one. Each names who demanded it, a failure to be removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.models.confirmation import (
    BASIS,
    HOLDS,
    Checked,
    Confirmation,
    ConfirmationKind,
    ConfirmationState,
)
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.service import statements
from dancu.exchange.store import confirmations as store
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models import PersonView
from dancu.population.service import words
from dancu.population.service.verify import release

_MOST_STANDING = 20
#: A form sent twice, or a page that was slow: nobody needs two papers that say the same.
_AGAIN = timedelta(minutes=10)
_NEEDS = {
    ConfirmationKind.RESIDENCE: ("residence", "household"), ConfirmationKind.NUMBER: (), ConfirmationKind.CIVIL_STATUS: ("marital",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demanded:
    """Who asked the citizen for the paper, and in which procedure."""

    org_code: str = ""
    name: str = ""
    procedure: str = ""


async def issue(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, kind: ConfirmationKind, demanded: Demanded, *, channel: str,
    permission: str = "person.release", clock: Clock = SYSTEM_CLOCK,
) -> Confirmation:  # fmt: skip
    """Sign what the registry says now; the same demanded again within some minutes is the paper there is. Raises Invalid where the form is not whole, Conflict where the registry says nothing
    of it, the person is dead, or too many stand already."""
    await _check(conn, demanded)
    asked = "citizen.self" if actor.kind is ActorKind.CITIZEN else permission
    view = await release(conn, actor, purpose, key, ("number", "name", "birth", "sex", *_NEEDS[kind]), permission=asked)
    person = stated(view, kind)
    now = clock.now()
    await store.lock(conn, key)
    standing = [one for one in await store.of_person(conn, key) if one.state(now) is ConfirmationState.VALID]
    if actor.kind is not ActorKind.CLIENT:  # whose repeats are known by their message id
        told = (kind, channel, actor.org_code, demanded.org_code, demanded.name.strip()[:120], demanded.procedure)
        for one in standing:
            same = told == (one.kind, one.channel, one.issued_org, one.demanded_org, one.demanded_name, one.procedure)
            if same and now - one.issued_at < _AGAIN and person.items() <= statements.keys().verify(one.statement, statements.CONFIRMATION).items():
                return one
    if len(standing) >= _MOST_STANDING:
        raise Conflict("confirmation.many", N_("Bạn đang có nhiều giấy xác nhận còn hạn. Hãy dùng lại, hoặc thu hồi bớt."))
    note = {"verb": "confirmation.issue", "kind": kind.value, "demanded": demanded.org_code, "procedure": demanded.procedure}
    (entry_id,) = await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["confirmation"], note=note)
    number, until = statements.new_id(), now + HOLDS[kind]
    basis = purpose.legal_basis if actor.kind is ActorKind.CLIENT else BASIS[kind]
    claims = {
        "iss": statements.ISSUER, "jti": number, "kind": kind.value, "iat": int(now.timestamp()), "exp": int(until.timestamp()), **person,
    }  # fmt: skip
    made = Confirmation(
        key, number, kind, now, until, channel, actor.org_code, demanded.org_code, demanded.name.strip()[:120], demanded.procedure,
        basis, statements.keys().sign(statements.CONFIRMATION, claims), entry_id, None, "",
    )  # fmt: skip
    await store.insert(conn, actor, made)
    await store.count_paper(
        conn, clock.today(), demanded.org_code, "" if demanded.org_code else demanded.name.strip()[:120], demanded.procedure, "issued"
    )
    return made


async def _check(conn: Conn, demanded: Demanded) -> None:
    wrong = []
    if demanded.procedure not in PROCEDURES:
        wrong.append(FieldError("procedure", "field.choice", N_("Hãy chọn thủ tục.")))
    if demanded.org_code:
        if await access.organisation(conn, demanded.org_code) is None:
            wrong.append(FieldError("org", "field.choice", N_("Hãy chọn cơ quan, hoặc viết tên cơ quan.")))
    elif len(demanded.name.strip()) < 3:
        wrong.append(FieldError("org", "field.choice", N_("Hãy chọn cơ quan, hoặc viết tên cơ quan.")))
    if wrong:
        raise Invalid("form.invalid", N_("Một số mục chưa đúng. Xin xem lại từng mục."), fields=tuple(wrong))


def stated(view: PersonView, kind: ConfirmationKind) -> dict[str, Any]:
    """What a confirmation of this kind says of the person, in words. Raises Conflict where there is nothing to say."""
    if view.alive_until is not None:
        raise Conflict("confirmation.dead", N_("Không cấp giấy xác nhận cho người đã được đăng ký khai tử."))
    who = words.summary(view)
    told = {"number": who.number, "name": who.name, "birth": who.birth, "sex": who.sex}
    if kind is ConfirmationKind.RESIDENCE:
        told |= {
            "permanent": who.permanent, "temporary": words.value(view, "residence", "temporary"),
            "relation": words.value(view, "member", "relation"),
        }  # fmt: skip
        if not told["permanent"] and not told["temporary"]:
            raise Conflict("confirmation.no_residence", N_("Cơ sở dữ liệu chưa có nơi cư trú. Hãy đến công an phường, xã để khai báo."))
    elif kind is ConfirmationKind.NUMBER:
        told["old_number"] = words.value(view, "number", "cmnd")
        if not told["number"]:
            raise Conflict("confirmation.no_number", N_("Chưa có số định danh. Hãy đến công an phường, xã."))
    else:
        told["marital"] = words.value(view, "marital", "status")
        if not told["marital"]:
            raise Conflict("confirmation.no_marital", N_("Cơ sở dữ liệu chưa có tình trạng hôn nhân. Hãy hỏi công chức hộ tịch."))
    return {name: value for name, value in told.items() if value}


async def of_person(conn: Conn, actor: Actor, purpose: Purpose, key: int, permission: str = "citizen.self") -> list[Confirmation]:
    """All of one person, newest first."""
    await release(conn, actor, purpose, key, ("confirmation",), permission=permission)
    return await store.of_person(conn, key)


async def one(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, confirmation_id: str, permission: str = "citizen.self"
) -> Confirmation:
    """Raises NotFound where this person has none of that number, and for a desk, where another office issued it."""
    for found in await of_person(conn, actor, purpose, key, permission):
        if found.confirmation_id == confirmation_id and (actor.kind is ActorKind.CITIZEN or found.issued_org == actor.org_code):
            return found
    raise NotFound("confirmation.unknown", N_("Không có giấy xác nhận này."))


async def revoke(conn: Conn, actor: Actor, purpose: Purpose, key: int, confirmation_id: str, why: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """The holder takes a confirmation back (a copy went astray); from now on it checks as revoked."""
    found = await one(conn, actor, purpose, key, confirmation_id)
    note = {"verb": "confirmation.revoke", "kind": found.kind.value}
    await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["confirmation"], note=note)
    if not await store.revoke(conn, key, confirmation_id, clock.now(), why.strip()[:200] or "holder"):
        raise Conflict("confirmation.revoked", N_("Giấy này đã được thu hồi."))


def statement_in(text: str) -> str:
    """The signed text in what a scanner gave: itself, or the address of the checking page with it behind the #."""
    text = "".join(text.split())
    return urlsplit(text).fragment if text.startswith(("https://", "http://")) else text.removeprefix("#")


async def check(conn: Conn, actor: Actor, purpose: Purpose, text: str) -> Checked:
    """What a confirmation says and how it stands now. That it was checked is an entry of the person it is about. Any text is
    an answer: unreadable, forged, unknown."""
    try:
        claims = statements.keys().verify(statement_in(text), statements.CONFIRMATION)
    except statements.Unreadable:
        return Checked(ConfirmationState.UNREADABLE, {})
    except statements.Forged:
        return Checked(ConfirmationState.FORGED, {})
    stands = await store.state(conn, str(claims.get("jti", "")), statement_in(text))
    if stands is None:
        return Checked(ConfirmationState.UNKNOWN, claims)
    key, state = stands
    note = {"verb": "confirmation.checked", "kind": str(claims.get("kind", "")), "state": state}
    await audit.record(conn, actor, purpose, action="read", subjects=[key], fields=["confirmation"], note=note)
    return Checked(ConfirmationState(state), claims, key)
