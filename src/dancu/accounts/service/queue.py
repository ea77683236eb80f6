"""The desk's queue of applications: what falls due first on top; one application with what was claimed beside what the
registry says; approving and refusing."""

from __future__ import annotations

from dataclasses import replace

from dancu.accounts.models import Contacts
from dancu.accounts.models.application import Application, ApplicationState, Claim, Sheet, Waiting
from dancu.accounts.policy.registration import may_approve, needs_faces, needs_remark
from dancu.accounts.service import core, making
from dancu.accounts.service.check import commune_of, registered_contacts
from dancu.accounts.service.claims import open_claim
from dancu.accounts.store import applications as store
from dancu.audit import service as audit
from dancu.cards import service as cards
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, DancuError, FieldError, Invalid, NotAllowed, NotFound
from dancu.kernel.numbers import show_phone
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.models import PersonView
from dancu.population.service.verify import Agreement, compare_birth, compare_name

_READ, _DECIDE = "eid.application.read", "eid.application.decide"
_SHORTEST = 10


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, *, limit: int = 100) -> list[Waiting]:
    """Applications of the officer's area that wait: passed-up ones, then what falls due first. An entry per person."""
    return await store.waiting(conn, actor, purpose, limit)


async def sheet(conn: Conn, actor: Actor, purpose: Purpose, application_id: int) -> Sheet:
    """One application, claimed beside registered. Raises NotFound, NotAllowed (kept as an attempt)."""
    application = await _open(conn, actor, purpose, application_id, _READ)
    claim, portrait = await open_claim(conn, application_id, application.ref)
    if not application.person_key:
        return Sheet(application, claim, _rows(claim, None), portrait, findings=application.findings)
    view = await population.person(conn, actor, purpose, application.person_key)
    known = registered_contacts(view)
    kept = await cards.references(conn, view.person_key) if portrait is not None and _faces_needed(actor, application) else ()
    return Sheet(
        application, claim, _rows(claim, view), portrait, registered=True, contact_known=bool(known.phone or known.email),
        findings=application.findings, awaits_card=application.state.open and making.awaits_card(view), reference=next((sample for sample in kept if sample.kind == cards.SampleKind.FACE), None),
    )  # fmt: skip


async def portrait(conn: Conn, actor: Actor, purpose: Purpose, application_id: int) -> bytes:
    """The picture the applicant sent, JPEG. Raises NotFound also where there is none."""
    application = await _open(conn, actor, purpose, application_id, _READ)
    _, image = await open_claim(conn, application_id, application.ref)
    if image is None:
        raise _refusal("not_found")
    return image


async def reference(conn: Conn, actor: Actor, purpose: Purpose, application_id: int) -> tuple[bytes, cards.Reference]:
    """The portrait the state has of whom the application is for, beside the one that was sent: while it waits for this officer's
    decision and the decision needs it. On record with the application's reference. Raises NotFound, NotAllowed."""
    application = await _open(conn, actor, purpose, application_id, _DECIDE)
    if not application.person_key or not _faces_needed(actor, application):
        raise NotFound("application.no_comparison", N_("Hồ sơ này không cần đối chiếu ảnh gốc."))
    return await cards.show_face(actor, replace(purpose, case_ref=application.ref), application.person_key, _DECIDE)


def _faces_needed(actor: Actor, application: Application) -> bool:
    return application.state.open and application.level == 1 and needs_faces(application.reasons) and actor.can(_DECIDE)


def _rows(claim: Claim, view: PersonView | None) -> tuple[tuple[str, str, str], ...]:
    """(what, claimed, registered). What agrees is written alike on both sides, so that only differences stand out."""
    name = view.name.full_name if view and view.name else ""
    born = view.born if view else None
    contacts = registered_contacts(view) if view else Contacts()
    number = view.personal_id.number if view and view.personal_id else ""
    claimed_birth = PartialDate.from_iso(claim.birth)
    same_name = bool(name) and compare_name(claim.name, name) is Agreement.YES
    same_birth = born is not None and compare_birth(claim.birth, born) is Agreement.YES
    return (
        (N_("Số định danh"), claim.number, number),
        (N_("Họ tên"), name if same_name else claim.name, name),
        (N_("Ngày sinh"), born.vi() if same_birth and born else claimed_birth.vi(), born.vi() if born else ""),
        (N_("Điện thoại"), show_phone(claim.phone) if claim.phone else "", show_phone(contacts.phone) if contacts.phone else ""),
        (N_("Thư điện tử"), claim.email, contacts.email),
    )


async def neighbours(conn: Conn, actor: Actor, purpose: Purpose, application_id: int) -> tuple[int | None, int | None]:
    """(before, after) in the queue as it now is, for going through it by keyboard."""
    ids = [line.application_id for line in await store.waiting(conn, actor, purpose, 200)]
    if application_id not in ids:
        return None, ids[0] if ids else None
    at = ids.index(application_id)
    return (ids[at - 1] if at else None), (ids[at + 1] if at + 1 < len(ids) else None)


async def approve(
    conn: Conn, actor: Actor, purpose: Purpose, application_id: int, *, remark: str = "", clock: Clock = SYSTEM_CLOCK
) -> int:
    """Give the account; the holder is told and gets the code, with a revoked card once a new one is there. Returns the person's key. Raises NotFound, NotAllowed,
    Invalid where a doubt was not settled in writing, Conflict where it was decided, an account exists or the phone serves another."""
    application = await _open(conn, actor, purpose, application_id, _DECIDE, lock=True)
    _still_waiting(application)
    if application.level != 1:
        raise Conflict("application.level", N_("Hồ sơ mức 2 được duyệt ở trang tiếp nhận tại quầy."))
    if not may_approve(application.reasons) or not application.person_key:
        raise Conflict(
            "application.barred", N_("Hồ sơ này không duyệt được vì lý do ghi trong hồ sơ. Hãy từ chối và nêu cách giải quyết.")
        )
    if needs_remark(application.reasons) and len(remark.strip()) < _SHORTEST:
        message = N_("Hãy viết bạn đã xác minh bằng cách nào, ít nhất 10 ký tự.")
        raise Invalid("application.remark", message, fields=(FieldError("remark", "application.remark", message),))
    key = application.person_key
    claim, _ = await open_claim(conn, application_id, application.ref)
    view = await population.person(conn, actor, purpose, key)
    if not await store.decide(conn, application_id, ApplicationState.APPROVED, by=actor.actor_id, decision=remark.strip()):
        raise _decided()
    await core.create(
        conn, actor, purpose, key, level=1, channel=application.channel, phone=claim.phone, email=claim.email,
        language=application.language, unit_id=application.unit_id or commune_of(view.areas), assisted=application.assisted,
        guardian_key=application.guardian_key,
    )  # fmt: skip
    await _recorded(conn, actor, purpose, key, "application.approve")
    await making.invite_or_hold(conn, key, clock=clock)
    return key


async def refuse(conn: Conn, actor: Actor, purpose: Purpose, application_id: int, reason: str) -> None:
    """Refuse with a reason in writing. The registered contact reads the reason; the phone that was typed only that it was
    not approved. Raises Invalid without a reason, else as `approve`."""
    text = reason.strip()
    if len(text) < _SHORTEST:
        message = N_("Hãy viết lý do để người dân hiểu và biết phải làm gì, ít nhất 10 ký tự.")
        raise Invalid("application.reason", message, fields=(FieldError("reason", "application.reason", message),))
    application = await _open(conn, actor, purpose, application_id, _DECIDE, lock=True)
    _still_waiting(application)
    claim, _ = await open_claim(conn, application_id, application.ref)
    if not await store.decide(conn, application_id, ApplicationState.REFUSED, by=actor.actor_id, decision=text):
        raise _decided()
    key = application.person_key or None
    known = registered_contacts(await population.person(conn, actor, purpose, key)) if key else Contacts()
    await _recorded(conn, actor, purpose, key, "application.refuse")
    told = known.phone or known.email
    if told:
        await core.tell(conn, known, "refused", key=key, ref=application.ref, lang=application.language, reason=text)
    if claim.phone and claim.phone != known.phone:
        plain = Contacts(phone=claim.phone)
        await core.tell(conn, plain, "refused_plain", ref=application.ref, lang=application.language)
    elif not claim.phone and application.guardian_key is not None:  # whoever handed it in, proved a guardian or not: nothing of the registry
        asked_by = await core.contacts(conn, application.guardian_key)
        await core.tell(conn, asked_by, "refused_plain", ref=application.ref, lang=application.language, child=claim.name)


def _still_waiting(application: Application) -> None:
    if not application.state.open:
        raise _decided()


def _decided() -> Conflict:
    return Conflict("application.decided", N_("Hồ sơ này đã được giải quyết."))


async def _open(
    conn: Conn, actor: Actor, purpose: Purpose, application_id: int, permission: str, *, lock: bool = False
) -> Application:
    word = await store.look(conn, actor, purpose, application_id, permission)
    if word != "ok":
        error = _refusal(word)
        if word != "not_found":
            error.evidence = lambda other: store.look(other, actor, purpose, application_id, permission)
        raise error
    found = await store.application(conn, application_id, lock=lock)
    if found is None:
        raise _refusal("not_found")
    return found


def _refusal(word: str) -> DancuError:
    if word == "outside_area":
        return NotAllowed("application.outside_area", N_("Hồ sơ này không thuộc địa bàn của bạn."))
    if word == "no_permission":
        return NotAllowed("application.no_permission", N_("Tài khoản của bạn không có quyền xem hồ sơ định danh."))
    return NotFound("application.unknown", N_("Không có hồ sơ này."))


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, key: int | None, verb: str) -> None:
    await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["eid_application"], note={"verb": verb})
