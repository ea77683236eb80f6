"""A visit to a counter: the card names the person, the registry fills the form, devices take what the rule asks for, the
citizen confirms. Deciding is `visit_decision`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dancu.access import service as access
from dancu.accounts.models import Account
from dancu.accounts.models.level2 import CaptureKind, Means, Office, Outcome, Stated, Visit, VisitLine, VisitState
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import DOCUMENTS, Level2Rule, rule, rule_on
from dancu.accounts.service import core, offices
from dancu.accounts.service import guardian as guardians
from dancu.accounts.store import level2 as store
from dancu.audit import service as audit
from dancu.cards import service as cards_service
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, DancuError, FieldError, Invalid, NotAllowed, NotFound
from dancu.kernel.numbers import normalize_phone
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population
from dancu.population.models import CardKind, PersonView
from dancu.population.service.look import nobody
from dancu.population.service.verify import compare

ENROL = "eid.enrol"
cards: Any = cards_service
_TABLE = "accounts.visit"
_CAPTURE = "accounts.capture"
#: Samples as the room of cards names them.
SAMPLE = {CaptureKind.PORTRAIT: "face", CaptureKind.FINGERPRINT: "finger"}
CHIP = frozenset({CardKind.CHIP, CardKind.CAN_CUOC})


def purpose() -> Purpose:
    return access.choose_purpose("eid_account")


def rule_in_force(day: date | None = None) -> Level2Rule:
    found = rule_on(day or SYSTEM_CLOCK.today())
    if found is None:
        raise NotAllowed("level2.no_rule", N_("Ngày này chưa có quy định về định danh mức 2."))
    return found


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Everything the counter's page shows. `missing`: what stands between the visit and its decision, as codes;
    `needs_second`: circumstances for which the rule wants another officer."""

    visit: Visit
    office: Office
    view: PersonView
    rule: Level2Rule
    account: Account | None
    stated: Stated
    missing: tuple[str, ...]
    needs_second: tuple[str, ...]

    @property
    def raises(self) -> bool:
        """Is there a level to be given?"""
        return self.account is None or self.account.level < 2


async def begin(
    conn: Conn, actor: Actor, office_id: int, text: str, *, name: str = "", birth: str = "", assisted: bool = False,
    channel: str = "counter", record_id: str | None = None, guardian: str = "",
) -> Visit:  # fmt: skip
    """Open a visit for whom the card (or a typed number with `name` and `birth`, ISO) names; the one that is open already,
    where there is one. `guardian`: the card of who came with a child, as it was read. Raises Invalid for what cannot be read or names somebody else, NotFound, NotAllowed with the reason
    the rule gives."""
    access.require(actor, ENROL)
    await offices.own(conn, actor, office_id)
    reading = cards.read_text(text)
    means = {"qr": Means.QR, "mrz": Means.MRZ}.get(reading.kind.value, Means.TYPED)
    declared = dict(reading.declared())
    if means is Means.TYPED:
        declared = _typed(name, birth)
    view = await _named(conn, actor, reading.number)
    words = {field: str(word) for field, word in compare(view, declared).items()}
    if not policy.shown_enough(means, words):
        raise Invalid(
            "visit.somebody_else",
            N_("Thông tin trên thẻ không khớp với người mang số này. Hãy quét lại, hoặc kiểm tra số, họ tên và ngày sinh."),
        )
    chosen = rule_in_force()
    if (refused := _refused(view, chosen, guardian=bool(guardian.strip()))) is not None:
        raise refused
    with_whom = await _with_whom(conn, actor, view, chosen, guardian)
    key = view.person_key
    await core.open(conn, [key])
    if (open_visit := await store.open_of(conn, key)) is not None and record_id is None:
        return await _one(conn, key, open_visit)
    visit_id = await store.add_visit(
        conn, key, office_id=office_id, channel=channel, opened_by=actor.actor_id, rule=chosen.code, means=means,
        comparison=words, circumstances=(), assisted=assisted, record_id=record_id, guardian_key=with_whom,
    )  # fmt: skip
    await recorded(conn, actor, key, "visit.begin", visit=visit_id, means=means.value)
    return await _one(conn, key, visit_id)


def _typed(name: str, birth: str) -> dict[str, str]:
    wrong = [
        FieldError(field, "field.required", N_("Mục này cần được điền."))
        for field, value in (("name", name), ("birth", birth))
        if not value.strip()
    ]
    if wrong:
        raise Invalid("visit.typed", N_("Không có thẻ thì cần cả họ tên và ngày sinh, như người đến khai."), fields=tuple(wrong))
    return {"name": name, "birth": birth}


async def _named(conn: Conn, actor: Actor, number: str) -> PersonView:
    """The record that carries the number, looked at for enrolment; one that was merged stands behind what it became."""
    views = [
        await population.person(conn, actor, purpose(), key, permission=ENROL)
        for key in await population.keys_by_number(conn, number)
    ]
    if not views:
        raise nobody(actor, purpose())
    return min(views, key=lambda view: view.merged_into is not None)


def _refused(view: PersonView, chosen: Level2Rule, *, guardian: bool) -> DancuError | None:
    return policy.refusal_of(
        chosen, SYSTEM_CLOCK.today(), alive=view.alive_until is None and view.death is None, born=born(view),
        has_number=view.personal_id is not None, guardian=guardian,
    )  # fmt: skip


async def _with_whom(conn: Conn, actor: Actor, view: PersonView, chosen: Level2Rule, card: str) -> int | None:
    """The guardian, where the person is too young to come alone."""
    birth = born(view)
    if birth is None or policy.age_on(birth, SYSTEM_CLOCK.today()) >= chosen.alone_from:
        return None
    return await guardians.proved(conn, actor, purpose(), view, card, chosen, permission=ENROL)


def born(view: PersonView) -> PartialDate | None:
    birth = view.birth
    return PartialDate(birth.year, birth.month, birth.day) if birth and birth.year else None


async def _one(conn: Conn, key: int, visit_id: int, *, lock: bool = False) -> Visit:
    found = await store.visit(conn, key, visit_id, lock=lock)
    if found is None:
        raise NotFound("visit.unknown", N_("Không có lượt làm việc này."))
    return found


async def own_visit(conn: Conn, actor: Actor, visit_id: int, *, lock: bool = False) -> tuple[Visit, Office]:
    """A visit at an office of the actor's organisation."""
    access.require(actor, ENROL)
    place = await store.place_of(conn, visit_id)
    if place is None:
        raise NotFound("visit.unknown", N_("Không có lượt làm việc này."))
    key, office_id, _ = place
    office = await offices.own(conn, actor, office_id)
    await core.open(conn, [key])
    return await _one(conn, key, visit_id, lock=lock), office


async def working_visit(conn: Conn, actor: Actor, visit_id: int) -> Visit:
    """As `own_visit`, held against others and still open."""
    visit, _ = await own_visit(conn, actor, visit_id, lock=True)
    if visit.state is not VisitState.OPEN:
        raise Conflict("visit.not_open", N_("Lượt làm việc này đã chuyển hoặc đã xong."))
    return visit


async def page(conn: Conn, actor: Actor, visit_id: int) -> VisitPage:
    """The visit with the record it is about; the look is recorded."""
    visit, office = await own_visit(conn, actor, visit_id)
    view = await population.person(conn, actor, purpose(), visit.person_key, permission=ENROL)
    account = await core.account(conn, visit.person_key)
    said = await stated_of(conn, visit)
    chosen = rule(visit.rule)
    return VisitPage(
        visit, office, view, chosen, account, said, missing(visit, account, said, reached=await reached(conn, visit)),
        tuple(sorted(policy.circumstances(visit) & chosen.second_officer)),
    )  # fmt: skip


async def reached(conn: Conn, visit: Visit) -> bool:
    """Is a child told through the guardian's own account?"""
    return visit.guardian_key is not None and bool((await core.contacts(conn, visit.guardian_key)).phone)


def missing(visit: Visit, account: Account | None, said: Stated, *, reached: bool = False) -> tuple[str, ...]:
    """What stands between this visit and approval: "portrait", "phone", "confirmed". `reached`: somebody else's phone
    serves (a child's guardian's)."""
    found = []
    if visit.capture(CaptureKind.PORTRAIT) is None:
        found.append("portrait")
    if account is None and not said.phone and not reached:
        found.append("phone")
    if visit.confirmed_at is None:
        found.append("confirmed")
    return tuple(found)


async def capture(
    conn: Conn, actor: Actor, visit_id: int, kind: str, image: bytes, *, device_id: int | None = None
) -> Outcome:
    """Take a portrait or a fingerprint into the visit: checked, compared one to one with what is on file, kept encrypted
    until the visit is decided. Raises Invalid with what to do where the portrait is not good enough."""
    visit = await working_visit(conn, actor, visit_id)
    key = visit.person_key
    if kind not in list(CaptureKind):
        raise Invalid("capture.kind", N_("Xin chọn một trong các lựa chọn."))
    if not image:
        raise Invalid("capture.empty", N_("Chưa có ảnh. Hãy chụp hoặc chọn tệp ảnh."))
    shown: Any = image
    if kind == CaptureKind.PORTRAIT:
        shown = await cards.check_portrait(image)
        check_portrait(shown)
        image = shown.image  # made anew, without what a camera writes beside the picture
    outcome, score = Outcome.NO_REFERENCE, None
    if await has_reference(conn, key, CaptureKind(kind)):
        match = await (cards.compare_faces if kind == CaptureKind.PORTRAIT else cards.compare_fingerprints)(
            conn, key, shown, actor=actor, purpose=purpose()
        )
        outcome, score = (Outcome.MATCHED if match.matched else Outcome.DIFFERS), float(match.score)
    sealed = ring().encrypt(image, table=_CAPTURE, row=f"{key}/{visit_id}", column=kind)
    await store.keep_capture(conn, key, visit_id, kind, image=sealed, outcome=outcome, score=score, device_id=device_id)
    await recorded(conn, actor, key, "visit.capture", visit=visit_id, kind=kind, outcome=outcome.value)
    return outcome


async def has_reference(conn: Conn, key: int, kind: CaptureKind) -> bool:
    """Is a sample on file that was taken in somebody's presence? A picture the applicant sent proves nothing about them."""
    return any(one.kind == SAMPLE[kind] and one.source != "online" for one in await cards.references(conn, key))


def check_portrait(found: Any) -> None:
    """Raises Invalid with the first problem's sentence, which says what to do."""
    if not found.ok:
        problem = found.problems[0]
        raise Invalid(problem.code, problem.message, **dict(problem.params))


async def captured(conn: Conn, key: int, visit_id: int, kind: str) -> bytes | None:
    """The image of a visit that is not decided."""
    sealed = await store.image(conn, key, visit_id, kind)
    return ring().decrypt(sealed, table=_CAPTURE, row=f"{key}/{visit_id}", column=kind) if sealed else None


async def state(
    conn: Conn, actor: Actor, visit_id: int, said: Stated, *, documents: Sequence[str] = (), card_wanted: bool = False
) -> None:
    """What the citizen states and wants; what was confirmed before must be confirmed again. Raises Invalid."""
    visit = await working_visit(conn, actor, visit_id)
    phone = normalize_phone(said.phone) if said.phone else ""
    unknown = [code for code in documents if code not in DOCUMENTS]
    if unknown or said.language not in ("vi", "en"):
        raise Invalid("field.choice", N_("Xin chọn một trong các lựa chọn."))
    if said.email and ("@" not in said.email or len(said.email) > 200):
        raise Invalid("person.email.format", N_("Địa chỉ thư điện tử chưa đúng."), fields=(
            FieldError("email", "person.email.format", N_("Địa chỉ thư điện tử chưa đúng.")),))  # fmt: skip
    kept = Stated(phone, said.email.strip(), said.language)
    sealed = ring().encrypt(
        json.dumps(kept.as_json()).encode(), table=_TABLE, row=f"{visit.person_key}/{visit_id}", column="stated"
    )
    await store.state_more(conn, visit.person_key, visit_id, stated=sealed, documents=documents, card_wanted=card_wanted)
    await recorded(conn, actor, visit.person_key, "visit.state", visit=visit_id, card=card_wanted, documents=list(documents))


async def stated_of(conn: Conn, visit: Visit) -> Stated:
    sealed = await store.stated(conn, visit.person_key, visit.visit_id)
    if sealed is None:
        return Stated()
    text = ring().decrypt(sealed, table=_TABLE, row=f"{visit.person_key}/{visit.visit_id}", column="stated")
    return Stated(**json.loads(text))


def form_digest(view: PersonView, said: Stated, visit: Visit) -> bytes:
    """What the citizen confirms, as a digest: a later change of the record or of the statement is seen."""
    content = {
        "number": view.personal_id.number if view.personal_id else "",
        "name": view.name.full_name if view.name else "",
        "birth": str(born(view) or ""),
        "stated": said.as_json(), "documents": sorted(visit.documents), "card": visit.card_wanted,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()


async def confirm(conn: Conn, actor: Actor, visit_id: int, how: str) -> None:
    """The citizen confirms the form: on the second screen, having heard it read aloud, or on paper."""
    visit = await working_visit(conn, actor, visit_id)
    if how not in ("screen", "aloud", "paper"):
        raise Invalid("visit.how", N_("Xin chọn một trong các lựa chọn."))
    view = await population.person(conn, actor, purpose(), visit.person_key, permission=ENROL)
    await store.confirm(conn, visit.person_key, visit_id, how, form_digest(view, await stated_of(conn, visit), visit))
    await recorded(conn, actor, visit.person_key, "visit.confirm", visit=visit_id, how=how)


async def abandon(conn: Conn, actor: Actor, visit_id: int) -> None:
    """The citizen left or thought better of it: nothing is kept but that the visit was."""
    visit = await working_visit(conn, actor, visit_id)
    await store.abandon(conn, visit.person_key, visit_id)
    await store.forget_images(conn, visit.person_key, visit_id)
    await recorded(conn, actor, visit.person_key, "visit.abandon", visit=visit_id)


async def waiting(conn: Conn, actor: Actor) -> list[tuple[VisitLine, Office]]:
    """Visits of the organisation's offices that are open, and of all below it that wait for a second officer; what falls
    due first on top."""
    access.require(actor, ENROL)
    by_id = {office.office_id: office for office in await offices.mine(conn, actor)}
    lines = await store.visits_at(conn, list(by_id), [VisitState.SECOND, VisitState.OPEN])
    found = [(line, by_id[line.office_id]) for line in lines]
    return [(line, at) for line, at in found if line.state is VisitState.SECOND or at.org_code == actor.org_code]


async def recorded(conn: Conn, actor: Actor, key: int, verb: str, **note: object) -> None:
    """One entry of the evidence log for an act of a visit; no personal data in `note`."""
    await audit.record(
        conn, actor, purpose(), action="write", subjects=[key], fields=["account"], note={"verb": verb, **note}
    )
