"""Residence proved at a counter in place of the household book: one attempt, what is counted, filed and kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.models.procedures import LAW, PROCEDURES
from dancu.exchange.models.residence import FILED, SLIPS, Asked, Found, Outcome, Proved, Verification, Way, order_on
from dancu.exchange.service import statements, ways
from dancu.exchange.store import residence as store
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.service.verify import release

#: Topic that opens a case (quality.events).
DISAGREEMENT: Final = "exchange.disagreement"
_LONGEST_REF, _LONGEST_DEVICE = 80, 40
#: Field of a comparison -> group and field of the record, for the case; the first that differs names it.
_FACTS: Final = {
    "name": ("name", "full_name"), "birth": ("birth", "birth_date"), "sex": ("birth", "sex"), "old_number": ("number", "cmnd"),
    "card": ("card", "number"),
}  # fmt: skip
#: Words of comparison after which a receipt names a field as held against the registry.
_AGREES: Final = ("yes", "close", "same")
#: A form sent again within this time is the attempt there is.
_AGAIN: Final = timedelta(minutes=10)


def purpose_for(case_ref: str) -> Purpose:
    """Handling a public service on decree 104/2022, in this dossier."""
    return access.choose_purpose("public_service", f"{LAW} Điều 14", case_ref)


async def prove(
    conn: Conn, actor: Actor, asked: Asked, *, org_name: str, tried: Sequence[Way] = (), purpose: Purpose | None = None,
    officer: str = "", sure: bool = True, clock: Clock = SYSTEM_CLOCK,
) -> Proved:  # fmt: skip
    """Try one way for one dossier. `tried`: ways that failed before, which are not offered again. The attempt is counted per
    office, device and way; a disagreement is filed; where the way worked, the receipt is kept. `purpose`: of a partner's
    call, the desk's own otherwise. `sure` False: what was typed was not looked at a second time, so that a likely slip is given back
    `doubted`; a case in somebody's name is not opened for a wrong key. Raises Invalid for a form to be mended (nothing is counted),
    NotAllowed, Exceeded."""
    _check(asked)
    why = purpose or purpose_for(asked.case_ref)
    found = await ways.attempt(conn, actor, why, asked, org_name)
    if found.outcome is Outcome.WAITING and asked.token:
        return Proved(found)
    if not sure and found.outcome in SLIPS.get(asked.way, ()):
        return Proved(found, next_way=next_way(asked.way, tried, clock), doubted=True)
    if found.outcome is Outcome.PROVED and actor.kind is ActorKind.STAFF and (kept := await _kept_before(conn, actor, asked, found, officer or actor.name, clock)):
        return Proved(found, kept)
    await store.count_way(conn, clock.today(), actor.org_code, asked.device, asked.procedure, asked.way, found.outcome.value)
    if found.outcome is Outcome.PROVED:
        return Proved(found, await _keep(conn, actor, why, asked, found, org_name, officer or actor.name, clock))
    filed = await _file(conn, actor, asked, found)
    if found.outcome is Outcome.WAITING:
        return Proved(found)
    return Proved(found, None, next_way(asked.way, tried, clock), filed)


def next_way(way: Way, tried: Sequence[Way] = (), clock: Clock = SYSTEM_CLOCK) -> Way | None:
    """What the law offers after `way`, then what was skipped before it; None where all were tried."""
    order = order_on(clock.today())
    at = order.index(way)
    return next((one for one in (*order[at + 1 :], *order[:at]) if one not in tried and one is not way), None)


def _check(asked: Asked) -> None:
    wrong = []
    if asked.procedure not in PROCEDURES:
        wrong.append(FieldError("procedure", "field.choice", N_("Hãy chọn thủ tục.")))
    if not 1 <= len(asked.case_ref) <= _LONGEST_REF:
        wrong.append(FieldError("case_ref", "residence.case_ref", N_("Hãy nhập mã hồ sơ: mỗi lần tra cứu phải thuộc một hồ sơ.")))
    if len(asked.device) > _LONGEST_DEVICE:
        wrong.append(FieldError("device", "residence.device", N_("Tên quầy hoặc thiết bị dài quá 40 ký tự.")))
    if wrong:
        raise Invalid("form.invalid", N_("Một số mục chưa đúng. Xin xem lại từng mục."), fields=tuple(wrong))


async def _kept_before(conn: Conn, actor: Actor, asked: Asked, found: Found, officer: str, clock: Clock) -> Verification | None:
    """The receipt of the same form sent again, at the same moment too. Of a partner's call the message id knows that, a proof that works
    once of itself."""
    if found.ref:
        return None
    await store.lock(conn, found.person_key)
    same = (actor.org_code, officer, asked.procedure, asked.case_ref, asked.way, asked.device)
    for one in await store.verifications_of(conn, found.person_key):
        if clock.now() - one.at < _AGAIN and same == (one.org_code, one.officer, one.procedure, one.case_ref, one.way, one.device):
            says = statements.keys().verify(one.statement, statements.VERIFICATION)
            if says["compared"] == _compared(found) and says["person"] == dict(found.facts):
                return one
    return None


def _compared(found: Found) -> list[str]:
    return [name for name, word in found.fields.items() if word in _AGREES]


async def _keep(
    conn: Conn, actor: Actor, why: Purpose, asked: Asked, found: Found, org_name: str, officer: str, clock: Clock
) -> Verification:
    procedure = PROCEDURES[asked.procedure]
    note = {"verb": "residence.proved", "way": asked.way.value, "procedure": asked.procedure}
    fields = ["number", "name", "birth", "sex", *procedure.needs]
    (entry_id,) = await audit.record(conn, actor, why, action="read", subjects=[found.person_key], fields=fields, note=note)
    number, at = statements.new_id(), clock.now()
    claims = {
        "iss": statements.ISSUER, "jti": number, "iat": int(at.timestamp()), "way": asked.way.value, "result": "proved",
        "how": list(found.how), "compared": _compared(found), "procedure": asked.procedure, "case_ref": asked.case_ref, "org": actor.org_code,
        "org_name": org_name, "officer": officer, "legal_basis": why.legal_basis, "replaces": procedure.replaces,
        "entry": entry_id, "person": dict(found.facts),
    }  # fmt: skip
    kept = Verification(
        found.person_key, number, at, actor.org_code, officer, asked.procedure, asked.case_ref, asked.way, asked.device, why.code,
        why.legal_basis, procedure.replaces, statements.keys().sign(statements.VERIFICATION, claims), entry_id,
    )  # fmt: skip
    if not await store.keep(conn, kept, found.ref):
        raise Conflict("residence.used", N_("Lần xác nhận này đã được dùng cho hồ sơ. Mở phiếu đã có, hoặc hỏi lại người dân."))
    return kept


async def _file(conn: Conn, actor: Actor, asked: Asked, found: Found) -> str:
    """A card or statement and the registry disagree: news, from which the room of cases opens one with the area's desk. Under which
    name it was filed, "" where it was not."""
    if found.outcome not in FILED or not found.person_key:
        return ""
    differing = [field for field, word in found.fields.items() if word in ("no", "other", "none")]
    group, field = next((_FACTS[one] for one in differing if one in _FACTS), ("card", "number"))
    details = {".".join(_FACTS[name]): word for name, word in found.fields.items() if name in _FACTS}
    await events.emit(conn, DISAGREEMENT, found.person_key, {
        "group": group, "field": field, "reporter_org": actor.org_code, "source": asked.way.value, "details": details,
        "report": (report := statements.new_id()),
    })  # fmt: skip
    return report


async def verification(conn: Conn, actor: Actor, key: int, verification_id: str) -> tuple[Verification, dict[str, Any]]:
    """A receipt kept and what it states, for the office that made it. The look is recorded. Raises NotFound."""
    why = purpose_for("")
    await release(conn, actor, why, key, ("verifications",), permission=ways.permission_of(actor))
    kept = await store.verification(conn, key, verification_id)
    if kept is None or kept.org_code != actor.org_code:
        raise NotFound("residence.verification", N_("Cơ quan không có phiếu xác minh này."))
    return kept, statements.keys().verify(kept.statement, statements.VERIFICATION)


async def proof(conn: Conn, kept: Verification, vkey: str) -> dict[str, Any] | None:
    """That the receipt's entry stands in the signed log, for a file that is checked without us; after `verification`, which opened the
    person. None while the entry waits, or once its content was erased. `vkey`: of the log."""
    try:
        return (await audit.proof(conn, kept.entry_id, disclose=audit.PROGRAM, vkey=vkey)).as_json()
    except NotFound:
        return None


def code_text(kept: Verification, says: Mapping[str, Any]) -> str:
    """What a receipt's QR code carries: the gist of it, signed anew and short enough to be scanned from paper."""
    person = says.get("person", {})
    gist = {name: says[name] for name in ("iss", "jti", "iat", "way", "case_ref", "org", "replaces", "entry") if name in says}
    gist["person"] = {name: person[name] for name in ("number", "name", "permanent", "temporary") if name in person}
    return statements.keys().sign(statements.VERIFICATION, gist)


async def way_figures(conn: Conn, since: date, org_code: str | None) -> list[tuple[str, str, str, str, int]]:
    """(office, device, way, outcome, count) since a day; of one office with its devices, of all without."""
    return await store.way_figures(conn, since, org_code)


async def paper_figures(conn: Conn, since: date) -> list[tuple[str, str, str, int, int]]:
    """(office, its name where it is not of the list, procedure, confirmations caused, papers demanded), worst first."""
    return await store.paper_figures(conn, since)
