"""What may be agreed: pure rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta

from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.i18n import N_
from dancu.sharing.catalogue import CLAIMS, CONSENTS, FIELDS, SERVICES
from dancu.sharing.models import DataTerms, Terms, asked_by_law
from dancu.sharing.rules import LONGEST_YEARS, MOST_A_DAY

# Consent is renewed, not forgotten: nobody agrees for longer.
LONGEST_CONSENT = timedelta(days=366)


def check_terms(terms: Terms, possible: Mapping[str, Collection[str]]) -> None:
    """Raises Invalid `sharing.terms` with each field that must be mended. `possible`: purposes that may carry a release
    today -> the laws they may rest on."""
    errors: list[FieldError] = []
    if not terms.claims or terms.claims - CLAIMS.keys():
        errors.append(
            FieldError("claims", "sharing.claims", N_("Hãy chọn ít nhất một loại thông tin trong danh sách."))
        )
    if not terms.purposes:
        errors.append(FieldError("purposes", "sharing.purposes", N_("Hãy chọn ít nhất một mục đích.")))
    for code, basis in terms.purposes.items():
        laws = possible.get(code, ())
        if not any(basis == law or basis.startswith(law + " ") for law in laws):
            errors.append(
                FieldError(
                    "purposes",
                    "sharing.purpose",
                    N_("Mục đích hoặc căn cứ pháp lý này không dùng được để nhận thông tin công dân."),
                )
            )
    if terms.level_min not in (1, 2):
        errors.append(FieldError("level_min", "sharing.level", N_("Mức tài khoản là 1 hoặc 2.")))
    if terms.valid_from and terms.valid_to and terms.valid_to <= terms.valid_from:
        errors.append(FieldError("valid_to", "sharing.valid", N_("Ngày kết thúc phải sau ngày bắt đầu.")))
    if errors:
        raise Invalid("sharing.terms", N_("Nội dung thỏa thuận chưa đúng. Xin xem lại từng mục."), fields=tuple(errors))


def check_consent(claims: frozenset[str], until: datetime, now: datetime, ends: Mapping[str, datetime]) -> None:
    """Raises Invalid `sharing.consent.claims` or `sharing.consent.until`."""
    if not claims or claims - CONSENTS.keys():
        raise Invalid("sharing.consent.claims", N_("Hãy chọn ít nhất một loại thông tin trong danh sách."))
    if not now < until <= now + LONGEST_CONSENT or ends.keys() - claims or any(not now < at <= until for at in ends.values()):
        raise Invalid("sharing.consent.until", N_("Thời hạn đồng ý phải từ hôm nay và không quá một năm."))


def check_data_terms(terms: DataTerms, possible: Mapping[str, Collection[str]], today: date, org_kind: str = "") -> None:
    """Raises Invalid `sharing.data_terms` with each field that must be mended, each sentence naming what is valid.
    `possible`: purposes that serve this data service today -> the laws they may rest on. `org_kind`: of the organisation."""
    errors: list[FieldError] = []

    def wrong(field: str, code: str, message: str, **params: object) -> None:
        errors.append(FieldError(field, code, message, tuple(params.items())))

    if terms.service not in SERVICES:
        wrong("service", "sharing.data_terms.service", N_("Không có dịch vụ dữ liệu này. Chọn một trong: {valid}."), valid=", ".join(SERVICES))
    if not terms.fields or terms.fields - FIELDS.keys():
        wrong("fields", "sharing.data_terms.fields", N_("Trường thông tin chưa đúng. Chọn trong: {valid}."), valid=", ".join(FIELDS))
    if terms.purpose_fields.keys() - terms.purposes.keys() or any(not line or line - terms.fields for line in terms.purpose_fields.values()):
        wrong("fields", "sharing.data_terms.purpose_fields", N_("Trường của từng mục đích phải nằm trong các trường của thỏa thuận, ít nhất một trường."))
    if terms.service in SERVICES:
        if not terms.purposes or terms.purposes.keys() - possible.keys():
            wrong(
                "purposes", "sharing.data_terms.purposes", N_("Mục đích chưa đúng hoặc không dùng được cho dịch vụ này. Chọn trong: {valid}."),
                valid=", ".join(possible),
            )  # fmt: skip
        for code, basis in terms.purposes.items():
            laws = possible.get(code)
            if laws is not None and not rests_on(basis, laws):
                wrong(
                    "legal_basis", "sharing.data_terms.legal_basis",
                    N_("Căn cứ pháp lý không phù hợp với mục đích {purpose} hoặc đã hết hiệu lực. Dùng một trong: {valid}."),
                    purpose=code, valid=", ".join(laws),
                )  # fmt: skip
        if terms.consent_needed and not SERVICES[terms.service].asks:
            wrong(
                "consent", "sharing.data_terms.consent", N_("Dịch vụ này không hỏi người dân trong từng lượt gọi. Chỉ chọn hỏi người dân cho: {valid}."),
                valid=", ".join(code for code, one in SERVICES.items() if one.asks),
            )  # fmt: skip
        _check_consent_asked(terms, org_kind, today, wrong)
    if not 0 < terms.quota_day <= MOST_A_DAY:
        wrong("quota_day", "sharing.data_terms.quota", N_("Hạn mức mỗi ngày từ 1 đến {most}."), most=MOST_A_DAY)
    if not 0 <= terms.hours[0] < terms.hours[1] <= 24:
        wrong("hours", "sharing.data_terms.hours", N_("Giờ được gọi ghi như 7-18, trong khoảng 0-24."))
    first, last = terms.valid
    if not first < last or last <= today:
        wrong("valid", "sharing.data_terms.valid", N_("Ngày kết thúc phải sau hôm nay và sau ngày bắt đầu."))
    elif (last - first).days > LONGEST_YEARS * 366:
        wrong("valid", "sharing.data_terms.too_long", N_("Thỏa thuận dài nhất {years} năm, rồi gia hạn."), years=LONGEST_YEARS)
    if errors:
        raise Invalid("sharing.data_terms", N_("Nội dung thỏa thuận chưa đúng. Xin xem lại từng mục."), fields=tuple(errors))


def _check_consent_asked(terms: DataTerms, org_kind: str, today: date, wrong: Callable[..., None]) -> None:
    """Where the law asks for the citizen's consent the agreement asks for it too, of a service that can."""
    if terms.consent_needed and SERVICES[terms.service].asks:
        return
    for code, basis in terms.purposes.items():
        fields, rule = asked_by_law(org_kind, code, basis, terms.fields_for(code), today)
        if rule is None:
            continue
        if SERVICES[terms.service].asks:
            message = N_("Mục đích {purpose} cần người dân đồng ý ({law}) cho: {fields}. Hãy chọn hỏi người dân trong mỗi lần gọi.")
        else:
            message = N_(
                "Mục đích {purpose} cần người dân đồng ý ({law}) cho: {fields}, mà dịch vụ này không hỏi từng lượt."
                " Hãy dùng dịch vụ có hỏi người dân: {valid}."
            )
        wrong(
            "consent", "sharing.data_terms.consent_by_law", message, purpose=code, law=rule.basis, fields=", ".join(sorted(fields)),
            valid=", ".join(service for service, one in SERVICES.items() if one.asks),
        )  # fmt: skip


def rests_on(basis: str, laws: Collection[str]) -> bool:
    """Is this one of these laws, or an article of one?"""
    return any(basis == law or basis.startswith(law + " ") for law in laws)


def check_refusal(reason: str, basis: str, laws: Collection[str]) -> None:
    """No owner of data has a veto: a refusal says why and which law, in force today, forbids the sharing. Raises Invalid
    `sharing.refusal`."""
    errors: list[FieldError] = []
    if not reason.strip():
        errors.append(FieldError("reason", "sharing.refusal.reason", N_("Hãy ghi lý do để cơ quan biết cần sửa gì.")))
    if not rests_on(basis, laws):
        message = N_("Từ chối phải nêu điều luật đang có hiệu lực. Bắt đầu bằng số hiệu, ví dụ: {valid}.")
        errors.append(FieldError("legal_basis", "sharing.refusal.law", message, (("valid", ", ".join(sorted(laws)[:6])),)))
    if errors:
        raise Invalid("sharing.refusal", N_("Không thể từ chối như vậy. Xin xem lại từng mục."), fields=tuple(errors))


def check_reason(reason: str) -> None:
    """Raises Invalid `sharing.reason`: whoever is stopped reads why."""
    if not reason.strip():
        message = N_("Hãy ghi lý do.")
        raise Invalid("sharing.reason", message, fields=(FieldError("reason", "sharing.reason", message),))
