"""What may be agreed: pure rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.i18n import N_
from dancu.sharing.catalogue import CLAIMS
from dancu.sharing.models import Terms

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


def check_consent(claims: frozenset[str], until: datetime, now: datetime) -> None:
    """Raises Invalid `sharing.consent.claims` or `sharing.consent.until`."""
    if not claims or claims - CLAIMS.keys():
        raise Invalid("sharing.consent.claims", N_("Hãy chọn ít nhất một loại thông tin trong danh sách."))
    if not now < until <= now + LONGEST_CONSENT:
        raise Invalid("sharing.consent.until", N_("Thời hạn đồng ý phải từ hôm nay và không quá một năm."))
