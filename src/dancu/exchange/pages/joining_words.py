"""Words of joining that several pages share, and reading its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from dancu.access import service as access
from dancu.exchange.catalogue import checklist
from dancu.exchange.models.partner import Application, Contact, PartnerState
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import Form, FormErrors
from dancu.sharing.models import FIELDS, SERVICES, AgreementState, DataTerms, ordered_fields

# State -> (word of the one vocabulary of status, text).
STATES: Mapping[str, tuple[str, str]] = {
    PartnerState.APPLIED: ("us", N_("Đã nộp hồ sơ")),
    PartnerState.SECURITY_CHECK: ("us", N_("Đang kiểm tra an toàn")),
    PartnerState.SANDBOX: ("draft", N_("Chạy thử")),
    PartnerState.LIVE: ("done", N_("Hoạt động")),
    PartnerState.SUSPENDED: ("late", N_("Đang tạm dừng")),
    PartnerState.REVOKED: ("refused", N_("Đã chấm dứt")),
    PartnerState.REFUSED: ("refused", N_("Không được duyệt")),
}
AGREEMENTS: Mapping[str, tuple[str, str]] = {
    AgreementState.PROPOSED: ("us", N_("Chờ trả lời")),
    AgreementState.IN_FORCE: ("done", N_("Có hiệu lực")),
    AgreementState.REFUSED: ("refused", N_("Bị từ chối")),
    AgreementState.REPLACED: ("draft", N_("Đã thay bằng bản mới")),
    AgreementState.ENDED: ("draft", N_("Đã kết thúc")),
}
ENVIRONMENTS = {"sandbox": N_("Chạy thử (người giả định)"), "live": N_("Dữ liệu thật")}
CONTACTS = {"business": N_("Nghiệp vụ"), "technical": N_("Kỹ thuật"), "security": N_("An toàn thông tin")}
LEVELS = [(str(level), N_("Cấp độ {level}")) for level in checklist.LEVELS]
STEPS: Mapping[str, str] = {
    "apply": N_("Nộp hồ sơ"), "declare": N_("Khai lại hồ sơ"), "check": N_("Nhận kiểm tra"), "ask": N_("Hỏi thêm"),
    "answer": N_("Trả lời câu hỏi"), "pass": N_("Đạt kiểm tra an toàn"), "request_live": N_("Xin đưa vào hoạt động"),
    "approve": N_("Duyệt hoạt động"), "refuse": N_("Bị từ chối"), "suspend": N_("Tạm dừng"), "resume": N_("Cho chạy lại"),
    "revoke": N_("Chấm dứt kết nối"), "escalate": N_("Quá hạn: chuyển điều phối viên quốc gia"), "system": N_("Thêm chương trình"),
    "system_live": N_("Cho chương trình dùng dữ liệu thật"), "system_sandbox": N_("Đưa chương trình về chạy thử"),
    "certificate": N_("Cấp chứng thư"), "certificate_asked": N_("Gửi yêu cầu cấp chứng thư"), "certificate_revoked": N_("Thu hồi chứng thư"),
}  # fmt: skip
DONE = {
    "applied": N_("Đã nhận hồ sơ. Bạn tạo chương trình và chạy thử được ngay."), "answered": N_("Đã gửi câu trả lời."),
    "live": N_("Đã gửi. Người duyệt sẽ trả lời đúng hạn."), "added": N_("Đã thêm chương trình và cấp chứng thư."),
    "asked": N_("Đã gửi yêu cầu cấp chứng thư tới cơ quan cấp bên ngoài."), "renewed": N_("Đã cấp chứng thư mới. Chứng thư cũ còn dùng được tới khi hết hạn."),
    "certificate_revoked": N_("Đã thu hồi chứng thư. Trong vài giây nó không dùng được nữa."), "proposed": N_("Đã gửi đề nghị. Còn một bước: ký nội dung bằng khóa của cơ quan."),
    "signed": N_("Đã nhận chữ ký. Chờ trả lời."), "contested": N_("Đã chuyển điều phối viên quốc gia. Còn một bước: ký nội dung của bản mới này bằng khóa của cơ quan."), "withdrawn": N_("Đã rút đề nghị."),
    "ended": N_("Thỏa thuận đã kết thúc."), "saved": N_("Đã ghi."), "agreed": N_("Đã đồng ý. Thỏa thuận có hiệu lực."), "refused": N_("Đã trả lời từ chối."),
}  # fmt: skip

WORDS: Mapping[str, Any] = {
    "states": STATES, "agreement_states": AGREEMENTS, "environments": ENVIRONMENTS, "contact_roles": CONTACTS, "steps_words": STEPS, "done_words": DONE,
    "services": SERVICES, "field_words": FIELDS, "ordered_fields": ordered_fields,
}  # fmt: skip


def read_application(form: Form, level: int) -> Application:
    """What the organisation declares; what is missing the service says."""
    contacts = tuple(
        Contact(role, form.value(f"{role}_name")[:120], form.value(f"{role}_phone")[:40], form.value(f"{role}_email")[:120]) for role in CONTACTS
    )
    said = {
        code: {"met": form.value(f"check_{code}") == "yes", "note": form.value(f"note_{code}")[:500]}
        for code in checklist.items(level) if form.value(f"check_{code}") in ("yes", "no")
    }  # fmt: skip
    return Application(level, contacts, said)


def application_form(application: Application) -> Form:
    """The form as it stands for a declaration that is to be changed."""
    values: dict[str, Any] = {}
    for contact in application.contacts:
        values |= {f"{contact.role}_name": contact.name, f"{contact.role}_phone": contact.phone, f"{contact.role}_email": contact.email}
    for code, said in application.checklist.items():
        values |= {f"check_{code}": "yes" if said.get("met") else "no", f"note_{code}": said.get("note", "")}
    return Form.of(**values)


def in_words(error: DancuError) -> FormErrors:
    """What the terms are refused for, for a page: purposes, fields and services by their names, where commands are told the codes."""
    fields = tuple(replace(one, params=tuple((name, _named(value)) for name, value in one.params)) for one in error.fields)
    return FormErrors(fields, error)


def _named(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    known = {code: gettext(title) for code, title in FIELDS.items()} | {code: gettext(one.title) for code, one in SERVICES.items()}
    return ", ".join(known.get(one) or access.purpose_title(one) for one in value.split(", "))


def read_terms(form: Form, errors: FormErrors, org_code: str, service: str) -> DataTerms | None:
    """What a form asks to agree on; whether it may be agreed, the sharing room says."""
    purposes = dict(one.split("|", 1) for one in form.values("purposes") if "|" in one)
    article = form.value("article")[:100]
    if article:
        purposes = {code: f"{basis} {article}" for code, basis in purposes.items()}
    until = form.date("until", errors)
    quota, hours = form.value("quota_day"), (form.value("from_hour"), form.value("to_hour"))
    if until is None:
        return None
    return DataTerms(
        org_code=org_code, service=service, fields=frozenset(form.values("fields")), purposes=purposes,
        valid=(SYSTEM_CLOCK.today(), until + timedelta(days=1)), consent_needed=form.value("consent") == "ask",
        quota_day=int(quota) if quota.isascii() and quota.isdigit() and len(quota) < 12 else 0,
        hours=(_hour(hours[0]), _hour(hours[1])),
    )  # fmt: skip


def _hour(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else -1


async def uploaded(form: Form, name: str, most: int = 64 * 1024) -> str:
    """Text of a file that was sent, or what was pasted into the field of the same name and `_text`."""
    upload = form.file(name)
    if upload is not None:
        raw = (await upload.read(most))
        if raw.strip():
            return raw.decode("utf-8", "replace")
    return form.value(f"{name}_text")
