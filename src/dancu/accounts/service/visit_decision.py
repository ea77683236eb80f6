"""Deciding a visit: by one officer, or by two where the rule asks for it; what follows from it, in one transaction."""

from __future__ import annotations

from dancu.access import service as access
from dancu.accounts.events import DOCUMENTS_CHOSEN
from dancu.accounts.models import Account, Contacts
from dancu.accounts.models.application import Claim
from dancu.accounts.models.level2 import CaptureKind, Outcome, Stated, Visit, VisitState
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import rule
from dancu.accounts.service import activate, apply, core, making
from dancu.accounts.service import visit as visits
from dancu.accounts.service.claims import seal_claim
from dancu.accounts.service.locks import end_sessions
from dancu.accounts.service.visit import cards
from dancu.accounts.store import level2 as store
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotAllowed
from dancu.kernel.workdays import add_working_days
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.models import PersonView

DECIDE = "eid.application.decide"
_SHORTEST_REASON = 10


async def submit(conn: Conn, actor: Actor, visit_id: int, *, approve: bool, reason: str = "") -> VisitState:
    """One officer's decision. Approval waits for a second officer where the rule asks for it; a refusal needs its reason in
    writing. Raises Invalid with what is missing."""
    access.require(actor, DECIDE)
    visit = await visits.working_visit(conn, actor, visit_id)
    key, chosen = visit.person_key, rule(visit.rule)
    mended = await visits.phone_mended(conn, await core.account(conn, key), await visits.stated_of(conn, visit))
    found = policy.circumstances(visit, phone_mended=mended)
    if not approve:
        await store.decide(
            conn, key, visit_id, state=VisitState.REFUSED, by=actor.actor_id, decision=_reason(reason), due_on=None,
            circumstances=sorted(found),
        )  # fmt: skip
        view = await population.person(conn, actor, visits.purpose(), key, permission=visits.ENROL)
        await _ended(conn, actor, visit, view, "visit.refuse")
        await _tell_refusal(conn, visit, reason)
        return VisitState.REFUSED
    view = await population.person(conn, actor, visits.purpose(), key, permission=visits.ENROL)
    await _check_ready(conn, visit, view)
    if found & chosen.second_officer:
        due = add_working_days(SYSTEM_CLOCK.today(), chosen.days(chip=_has_chip(view)))
        await store.decide(
            conn, key, visit_id, state=VisitState.SECOND, by=actor.actor_id, decision=reason.strip(), due_on=due,
            circumstances=sorted(found),
        )  # fmt: skip
        await visits.recorded(conn, actor, key, "visit.pass_on", visit=visit_id)
        return VisitState.SECOND
    await store.decide(
        conn, key, visit_id, state=VisitState.APPROVED, by=actor.actor_id, decision=reason.strip(), due_on=None,
        circumstances=sorted(found),
    )  # fmt: skip
    await _approve(conn, actor, visit, view)
    return VisitState.APPROVED


async def second(conn: Conn, actor: Actor, visit_id: int, *, approve: bool, reason: str = "") -> VisitState:
    """The other officer's decision. Raises NotAllowed for the officer who decided first or opened the visit."""
    access.require(actor, DECIDE)
    visit, _ = await visits.own_visit(conn, actor, visit_id, lock=True)
    if visit.state is not VisitState.SECOND:
        raise Conflict("visit.not_waiting", N_("Lượt làm việc này không chờ cán bộ thứ hai."))
    if actor.actor_id in (visit.decided_by, visit.opened_by):
        raise NotAllowed("visit.same_officer", N_("Quy định cần hai cán bộ khác nhau. Hãy nhờ cán bộ khác xem và duyệt."))
    key = visit.person_key
    state = VisitState.APPROVED if approve else VisitState.REFUSED
    text = reason.strip() if approve else _reason(reason)
    await store.second(conn, key, visit_id, state=state, by=actor.actor_id, decision=text)
    view = await population.person(conn, actor, visits.purpose(), key, permission=visits.ENROL)
    if not approve:
        await _ended(conn, actor, visit, view, "visit.refuse")
        await _tell_refusal(conn, visit, text)
        return state
    await _check_ready(conn, visit, view)
    await _approve(conn, actor, visit, view)
    return state


def _has_chip(view: PersonView) -> bool:
    return view.card is not None and view.card.kind in visits.CHIP


def _reason(text: str) -> str:
    if len(text.strip()) < _SHORTEST_REASON:
        raise Invalid("visit.reason", N_("Từ chối cần lý do bằng văn bản để báo cho công dân."))
    return text.strip()[:2000]


async def _check_ready(conn: Conn, visit: Visit, view: PersonView) -> None:
    said = await visits.stated_of(conn, visit)
    gaps = visits.missing(visit, await core.account(conn, visit.person_key), said, reached=await visits.reached(conn, visit))
    if gaps:
        raise Invalid("visit.incomplete", N_("Chưa đủ: chụp chân dung, số điện thoại và công dân xác nhận tờ khai."))
    if await store.form_digest(conn, visit.person_key, visit.visit_id) != visits.form_digest(view, said, visit):
        raise Conflict("visit.form_changed", N_("Thông tin trên tờ khai đã thay đổi sau khi xác nhận. Hãy mời công dân xác nhận lại."))
    if visit.rule != visits.rule_in_force().code:
        raise Conflict("visit.rule_changed", N_("Quy định đã thay đổi từ khi mở lượt làm việc này. Hãy mở lượt mới."))


async def _approve(conn: Conn, actor: Actor, visit: Visit, view: PersonView) -> None:
    key, why = visit.person_key, visits.purpose()
    said = await visits.stated_of(conn, visit)
    account = await core.account(conn, key, lock=True)
    if account is None:
        home = view.permanent.unit_id if view.permanent else None
        await core.create(
            conn, actor, why, key, level=2, channel=visit.channel, phone=said.phone, email=said.email, language=said.language,
            office=str(visit.office_id), unit_id=home, assisted=visit.assisted, guardian_key=visit.guardian_key,
        )  # fmt: skip
        await making.invite_or_hold(conn, key)
    else:
        await _to_level_2(conn, actor, visit, account, said)
    await _keep_references(conn, actor, visit)
    if visit.card_wanted:
        order = await cards.order_card(conn, actor, why, key, office_id=visit.office_id)
        await store.ordered(conn, key, visit.visit_id, order.order_id)
    await core.happened(conn, key, "visit", office=visit.office_id, documents=list(visit.documents), card=visit.card_wanted)
    if visit.documents:
        await events.emit(conn, DOCUMENTS_CHOSEN, key, {"documents": list(visit.documents)})
    await _ended(conn, actor, visit, view, "visit.approve")


async def _to_level_2(conn: Conn, actor: Actor, visit: Visit, account: Account, said: Stated) -> None:
    """An account that is there already. One that nobody has activated yet gets a new code, at the phone stated here; the
    contacts of one in use are changed by their own way alone."""
    key, why, waits = visit.person_key, visits.purpose(), visits.awaits(account)
    raised = account.level < 2
    mended = await visits.phone_mended(conn, account, said)
    if raised:
        await core.raise_level(conn, actor, why, key, 2, channel=visit.channel, office=str(visit.office_id))
        await end_sessions(conn, key)
    if mended:
        # Two officers saw the person, and nobody has used the account: no cooling of the new phone.
        await core.set_contact(conn, actor, why, key, phone=said.phone, email=said.email or None, second_factor=True)
    if waits and (raised or mended):
        await activate.invite(conn, key)
    elif raised:
        await core.notify(conn, key, "level", level=2)


async def _keep_references(conn: Conn, actor: Actor, visit: Visit) -> None:
    """What was taken becomes the reference where there was none; a sample that was compared replaces nothing that agrees."""
    for kind in CaptureKind:
        taken = visit.capture(kind)
        image = await visits.captured(conn, visit.person_key, visit.visit_id, kind)
        if taken is None or image is None or taken.outcome is Outcome.MATCHED:
            continue
        await cards.keep_reference(
            conn, actor, visits.purpose(), visit.person_key, visits.SAMPLE[kind], image, source=visit.channel,
            taken_on=SYSTEM_CLOCK.today(),
        )  # fmt: skip


async def _ended(conn: Conn, actor: Actor, visit: Visit, view: PersonView, verb: str) -> None:
    """What was taken goes; the visit stands among the applications as decided; the log has it."""
    key, now = visit.person_key, await store.visit(conn, visit.person_key, visit.visit_id)
    assert now is not None
    assert now.decided_by is not None
    await store.forget_images(conn, key, visit.visit_id)
    said, ref = await visits.stated_of(conn, visit), apply.new_ref()
    claim = Claim(
        number=view.personal_id.number if view.personal_id else "", name=view.name.full_name if view.name else "",
        birth=str(view.born or ""), phone=said.phone, email=said.email,
    )  # fmt: skip
    await store.add_application(
        conn, ref, key, claimed=seal_claim(ref, claim), channel=visit.channel, state=now.state.value, rule=visit.rule,
        office_id=visit.office_id, unit_id=view.permanent.unit_id if view.permanent else None,
        due_on=now.due_on or add_working_days(SYSTEM_CLOCK.today(), rule(visit.rule).days(chip=_has_chip(view))),
        assisted=visit.assisted, decided_by=now.decided_by, second_by=now.second_by, decision=now.decision,
    )  # fmt: skip
    await visits.recorded(conn, actor, visit.person_key, verb, visit=visit.visit_id)


async def _tell_refusal(conn: Conn, visit: Visit, reason: str) -> None:
    said = await visits.stated_of(conn, visit)
    to, child = await core.contacts(conn, visit.person_key), None
    if not to.phone and not to.email:
        to = Contacts(said.phone, said.email)
    if not to.phone and not to.email and visit.guardian_key is not None:
        to, child = await core.contacts(conn, visit.guardian_key), await core.child_name(conn, visit.person_key) or ""
    await core.tell(conn, to, "refused", key=visit.person_key, ref=f"L2-{visit.visit_id}", reason=reason.strip(), lang=said.language, child=child)
