"""*Supply*: a partner that is the source of births, deaths and marriages hands them in, one by one or many at once.

Each row stands alone: accepted (registered as an act of its own, with the partner's document), needs_verification (what it says
and the registry disagree: a person looks at it) or refused (with a code). Rows are known by the partner's reference: handing in
twice is handing in once. A new-born's number comes when it was given; who asks for the state of the row learns it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import orjson

from dancu.exchange.models.call import Call
from dancu.exchange.policy.handing_in import ABOUT, FIELD, at, incomplete
from dancu.exchange.store import supply as store
from dancu.exchange.store.supply import Handed
from dancu.kernel.actor import Document
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError, FieldError, Invalid, Unavailable
from dancu.kernel.names import normal_form
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.models import (
    BirthFact,
    KinFact,
    KinRelation,
    NameFact,
    PersonDraft,
    Sex,
    Source,
    TraitFact,
)
from dancu.population.service import verify as registry
from dancu.population.service.look import check_number
from dancu.territory import service as territory

MOST_ROWS: Final = 200
BUSY: Final = "person.busy"
_KINDS: Final = frozenset({"birth", "death", "marriage", "correction"})
_WRITES: Final = frozenset({"person.write.register", "person.write.die", "person.write.marry", "person.number.allocate"})
_SEX: Final = {"male": Sex.MALE, "female": Sex.FEMALE, "undetermined": Sex.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. `number`: of a new-born, "" while none was given. `members`: what must be mended, dotted.
    `disagreement`: by which its case is asked for."""

    ref: str
    outcome: str
    reasons: tuple[str, ...] = ()
    number: str = ""
    members: tuple[str, ...] = ()
    disagreement: str = ""


def report_of(ref: str) -> str:
    """The name under which a row of this reference that a person must look at is filed."""
    return hashlib.sha256(ref.encode()).hexdigest()[:20]


class _Unsure(Exception):
    """The row and the registry disagree. `reason`: a code; `subject`: whom a person must look at."""

    def __init__(self, reason: str, subject: int) -> None:
        super().__init__(reason)
        self.reason, self.subject = reason, subject


async def take(conn: Conn, call: Call, rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """The outcome of each row, in order. Raises Invalid for too many rows or a row without a reference; Conflict BUSY: a call keeps the
    records of its rows until its end, in the order of its rows, so two calls, or a call and an officer, may each hold what the other wants
    next. Then the whole transaction must be undone, a savepoint would not free who waits; it may be done again at once."""
    if not 1 <= len(rows) <= MOST_ROWS:
        raise Invalid("supply.rows", N_("Mỗi lần gửi từ 1 đến {most} dòng."), most=MOST_ROWS)
    for row in rows:
        ref = row.get("ref")
        if not isinstance(ref, str) or not 1 <= len(ref) <= 80 or not ref.isprintable():
            raise Invalid("supply.ref", N_("Mỗi dòng cần mã riêng của cơ quan (ref), dài từ 1 đến 80 ký tự."))
    await store.lock(conn, call.org_code, [row["ref"] for row in rows])
    return [await _take(conn, call, row) for row in rows]


async def states(conn: Conn, call: Call, refs: Sequence[str]) -> list[Outcome]:
    """What became of rows handed in before; unknown references are left out."""
    found = []
    for ref in refs[:MOST_ROWS]:
        handed = await store.find(conn, call.org_code, ref)
        if handed is not None:
            found.append(await _told(conn, call, handed))
    return found


async def _take(conn: Conn, call: Call, row: Mapping[str, Any]) -> Outcome:
    ref, kind = str(row["ref"]), row.get("kind")
    digest = hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).digest()
    before = await store.find(conn, call.org_code, ref)
    if before is not None and before.outcome != "refused":
        if before.digest != digest:
            return Outcome(ref, "refused", ("supply.ref_reused",))
        return await _told(conn, call, before)
    if not isinstance(kind, str) or kind not in _KINDS:
        return Outcome(ref, "refused", ("supply.kind",))
    handed = await _judged(conn, call, kind, row, digest)
    await store.keep(conn, call.org_code, call.client_no, handed)
    return await _told(conn, call, handed)


async def _judged(conn: Conn, call: Call, kind: str, row: Mapping[str, Any], digest: bytes) -> Handed:
    ref = str(row["ref"])
    reasons, members = incomplete(kind, row)
    if reasons:
        return Handed(ref, kind, digest, "refused", reasons, 0, members)
    try:
        async with conn.transaction():
            subject = await _ACTS[kind](conn, call, row)
        return Handed(ref, kind, digest, "accepted", (), subject)
    except _Unsure as unsure:
        about = ABOUT[(kind == "correction" and row.get("field")) or FIELD[kind]]
        await _to_a_desk(conn, call, row, kind, about, unsure)
        return Handed(ref, kind, digest, "needs_verification", (unsure.reason,), unsure.subject)
    except Unavailable:
        raise  # nothing is wrong with the row: the whole call is answered 503 and may be sent again
    except DancuError as error:
        if error.code == BUSY:
            raise  # nor here: somebody else was at the same records, the caller begins anew
        if error.evidence is not None:
            await error.evidence(conn)
        return Handed(ref, kind, digest, "refused", (error.code,), 0, tuple(dict.fromkeys(field.field for field in error.fields)))


async def _to_a_desk(conn: Conn, call: Call, row: Mapping[str, Any], kind: str, about: tuple[str, str], unsure: _Unsure) -> None:
    """A person of the ward looks at it: news for the room of cases, without what was handed in. The partner sees the answer too."""
    if unsure.subject:
        details = {"name.full_name": "no"} if unsure.reason == "supply.name_differs" else {}
        told = {"group": about[0], "field": about[1], "source": f"supply.{kind}", "details": details}
        await emit(conn, "exchange.disagreement", unsure.subject, {**told, "reporter_org": call.org_code, "report": report_of(row["ref"])})


async def _told(conn: Conn, call: Call, handed: Handed) -> Outcome:
    number = ""
    if handed.kind == "birth" and handed.outcome == "accepted" and "personal_id" in call.agreement.fields_for(call.purpose):
        view = await registry.release(conn, call.actor, call.reason, handed.subject, ("number",))
        number = view.personal_id.number if view.personal_id else ""
    report = report_of(handed.ref) if handed.outcome == "needs_verification" and handed.subject else ""
    return Outcome(handed.ref, handed.outcome, handed.reasons, number, handed.members, report)


async def _death(conn: Conn, call: Call, row: Mapping[str, Any]) -> int:
    key = await _known(conn, call, row["number"], row["name"])
    on = _dated(row, "date")
    await population.die(
        conn, _writer(call), call.reason, _document(row), key, on=on, place=_text(row, "place", ""), cause=_text(row, "cause", "")
    )
    return key


async def _marriage(conn: Conn, call: Call, row: Mapping[str, Any]) -> int:
    key, spouse = [await _known(conn, call, one["number"], one["name"]) for one in (row["first"], row["second"])]
    await population.marry(conn, _writer(call), call.reason, _document(row), key, spouse_key=spouse, on=_day(row, "date"))
    return key


async def _birth(conn: Conn, call: Call, row: Mapping[str, Any]) -> int:
    born = _dated(row, "birth")
    sex = _SEX.get(_text(row, "sex"))
    if sex is None:
        raise _wrong("supply.sex", N_("Giới tính là male, female hoặc undetermined."), "sex")
    document = _document(row)
    source = Source(document.kind, document.number, document.issued_on)
    kin = []
    for relation, member in ((KinRelation.MOTHER, "mother"), (KinRelation.FATHER, "father")):
        if row.get(member) is not None:
            parent = row[member]
            key = await _known(conn, call, parent["number"], parent["name"])
            kin.append(KinFact(source=source, relation=relation, relative_key=key, relative_name=normal_form(_text(parent, "name")).normal))
    unit = _unit(_text(row, "registered_at"))
    draft = PersonDraft(
        birth=BirthFact(
            source=source, year=born.year, month=born.month, day=born.day, sex=sex, birth_place=_text(row, "birth_place", ""),
            birth_unit=None, registration_unit=unit, origin_place=_text(row, "origin", ""),
        ),
        names=(NameFact(source=source, full_name=normal_form(_text(row, "name")).normal),),
        traits=(TraitFact(source=source, ethnicity=_text(row, "ethnicity", ""), nationality=_text(row, "nationality", "VNM")),),
        kin=tuple(kin),
    )  # fmt: skip
    done = await population.register_birth(conn, _writer(call), call.reason, document, draft, allocate=True)
    return done.person_key


async def _correction(conn: Conn, call: Call, row: Mapping[str, Any]) -> int:
    """The partner is no source of it: a person decides."""
    key = await _known(conn, call, row["number"], row["name"])
    raise _Unsure("supply.not_the_source", key)


_ACTS: Final = {"birth": _birth, "death": _death, "marriage": _marriage, "correction": _correction}


async def _known(conn: Conn, call: Call, number: str, name: str) -> int:
    """The person of a number whose name agrees. Raises DancuError, _Unsure where the name is another's."""
    check_number(number)
    found = await registry.verify(conn, call.actor, call.reason, number, {"name": name})
    if not found.found:
        raise Invalid("supply.unknown_number", N_("Không có người nào mang số này."))
    if found.fields.get("name") == registry.Agreement.NO:
        raise _Unsure("supply.name_differs", found.person_key)
    return found.person_key


def _writer(call: Call) -> Any:
    return replace(call.actor, permissions=call.actor.permissions | _WRITES)


def _document(row: Mapping[str, Any]) -> Document:
    """The partner's own paper behind the row. Raises Invalid."""
    paper = row["document"]
    return Document(_text(paper, "kind"), _text(paper, "number"), _day(row, "document.date"), _text(paper, "issuer"))


def _text(row: Mapping[str, Any], name: str, default: str = "") -> str:
    """Of a row that is not `incomplete`."""
    return str(row.get(name) or default).strip()


def _day(row: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(at(row, name).strip())
    except ValueError as error:
        raise _wrong("supply.date", N_("Ngày phải có dạng năm-tháng-ngày."), name) from error


def _dated(row: Mapping[str, Any], name: str) -> PartialDate:
    try:
        return PartialDate.from_iso(_text(row, name))
    except DancuError as error:
        raise _wrong("supply.date", N_("Ngày phải có dạng năm-tháng-ngày."), name) from error


def _wrong(code: str, message: str, member: str) -> Invalid:
    return Invalid(code, message, fields=(FieldError(member, code, message),))


def _unit(text: str) -> int:
    """The commune where it was registered, by today's code or by name."""
    found = territory.resolve(text, SYSTEM_CLOCK.today())
    if found.status != "exact" or not found.candidates:
        raise _wrong("supply.unit", N_("Không nhận ra nơi đăng ký (registered_at). Hãy ghi xã, phường và tỉnh, thành phố."), "registered_at")
    return found.candidates[0].unit.unit_id
