"""The way of a partner, and who may take it a step further."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dancu.exchange.models.partner import JOINING, Application, Partner, PartnerState
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed
from dancu.kit.i18n import N_, gettext

JOIN, REVIEW, COORDINATE, WATCH = "exchange.join", "exchange.review", "exchange.coordinate", "exchange.watch"

_PHONE: Final = frozenset("0123456789 +().-")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
S = PartnerState
_RUNNING: Final = frozenset({*JOINING, S.LIVE})
# Step -> (from which states, to which; None: stays). `resume` goes back to where the partner was.
STEPS: Final[Mapping[str, tuple[frozenset[PartnerState], PartnerState | None]]] = {
    "check": (frozenset({S.APPLIED}), S.SECURITY_CHECK),
    "ask": (JOINING, None),
    "answer": (JOINING, None),
    "pass": (frozenset({S.SECURITY_CHECK}), S.SANDBOX),
    "request_live": (frozenset({S.SANDBOX}), None),
    "approve": (frozenset({S.SANDBOX}), S.LIVE),
    "refuse": (JOINING, S.REFUSED),
    "suspend": (_RUNNING, S.SUSPENDED),
    "resume": (frozenset({S.SUSPENDED}), None),
    "revoke": (frozenset({*_RUNNING, S.SUSPENDED}), S.REVOKED),
}
# A yes or no to what the partner asked: where it stayed away too long the national coordinator may give it.
_ANSWERS: Final = frozenset({"check", "ask", "pass", "approve", "refuse"})
_OWN: Final = frozenset({"answer", "request_live"})


def next_state(partner: Partner, step: str) -> PartnerState:
    """Where this step leads. Raises Conflict `exchange.partner.step` where it cannot be taken now."""
    states, to = STEPS[step]
    if partner.state not in states or (step == "answer" and not partner.question):
        raise Conflict("exchange.partner.step", N_("Bước này không làm được khi cơ quan đang ở tình trạng hiện tại. Hãy xem lại tình trạng của cơ quan."))
    if step == "resume":
        return partner.before or S.SANDBOX
    return to or partner.state


def may(actor: Actor, partner: Partner, step: str) -> None:
    """The applicant answers and asks for itself; a reviewer decides; after the day has passed the national coordinator too.
    Who applied does not approve. Raises NotAllowed."""
    if actor.kind is ActorKind.SYSTEM:
        return
    if step in _OWN:
        own(actor, partner.org_code)
        return
    escalated = COORDINATE in actor.permissions and partner.escalated_at is not None and step in _ANSWERS
    if REVIEW not in actor.permissions and not escalated:
        if COORDINATE in actor.permissions and step in _ANSWERS:
            raise NotAllowed("exchange.partner.not_yet", N_("Chưa quá hạn trả lời: điều phối viên chưa quyết định được."))
        raise NotAllowed("exchange.partner.review", N_("Chỉ người duyệt kết nối làm được việc này."))
    if step == "refuse" and partner.escalated_at is not None and not escalated:
        raise NotAllowed("exchange.partner.escalated", N_("Hồ sơ đã chuyển điều phối viên quốc gia: bạn còn đồng ý được, không từ chối được."))
    if step in ("pass", "approve") and partner.applied_by and actor.actor_id == partner.applied_by:
        raise NotAllowed("exchange.partner.own", N_("Người nộp hồ sơ không tự duyệt."))


def own(actor: Actor, org_code: str) -> None:
    """Staff act for their own organisation; the platform's operator for any. Raises NotAllowed."""
    if actor.kind is ActorKind.SYSTEM:
        return
    if JOIN not in actor.permissions:
        raise NotAllowed("exchange.partner.join", N_("Bạn chưa có quyền đăng ký kết nối cho cơ quan."))
    if actor.org_code != org_code:
        raise NotAllowed("exchange.partner.other", N_("Bạn chỉ làm được cho cơ quan mình."))


def check_application(application: Application, required: Mapping[str, Any]) -> None:
    """Raises Invalid `exchange.application` with each field that must be mended. `required`: codes of the checklist of its
    level that must be met."""
    errors: list[FieldError] = []
    if not 1 <= application.level <= 5:
        errors.append(FieldError("level", "exchange.application.level", N_("Cấp độ an toàn hệ thống thông tin từ 1 đến 5.")))
    for contact in application.contacts:
        if not contact.name or not (contact.phone or contact.email):
            errors.append(
                FieldError(f"{contact.role}_name", "exchange.application.contact", N_("Cần họ tên và điện thoại hoặc thư điện tử của người liên hệ này."))
            )
        if contact.phone and not (set(contact.phone) <= _PHONE and 8 <= sum(ch.isdigit() for ch in contact.phone) <= 15):
            errors.append(FieldError(f"{contact.role}_phone", "exchange.application.phone", N_("Số điện thoại có từ 8 đến 15 chữ số. Ví dụ: 0236 3123 456.")))
        if contact.email and not _EMAIL.fullmatch(contact.email):
            errors.append(FieldError(f"{contact.role}_email", "exchange.application.email", N_("Thư điện tử có dạng ten@coquan.gov.vn.")))
    errors += [
        FieldError(f"check_{code}", "exchange.application.checklist", N_("Chưa trả lời mục “{item}”."), (("item", gettext(item.title)),))
        for code, item in required.items() if code not in application.checklist
    ]  # fmt: skip
    unmet = [code for code, said in application.checklist.items() if not said.get("met") and not str(said.get("note", "")).strip()]
    errors += [
        FieldError(f"note_{code}", "exchange.application.note", N_("Mục chưa đạt cần ghi cách khắc phục và ngày xong.")) for code in unmet
    ]
    if errors:
        raise Invalid("exchange.application", N_("Hồ sơ chưa đủ. Xin xem lại từng mục."), fields=tuple(errors))


def possible(actor: Actor, partner: Partner) -> list[str]:
    """The steps this person can take now."""
    found = []
    for step in STEPS:
        try:
            may(actor, partner, step)
            next_state(partner, step)
        except (NotAllowed, Conflict):
            continue
        found.append(step)
    return found
