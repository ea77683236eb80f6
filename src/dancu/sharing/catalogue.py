"""Groups of a citizen's data that agreements and consents speak of: the smallest things one can say yes or no to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dancu.kit.i18n import N_
from dancu.sharing.models.services import FIELDS, GROUPS, SERVICES, Service, ordered_fields

__all__ = ["CLAIMS", "CONSENTS", "FIELDS", "GROUPS", "SENSITIVE", "SERVICES", "Service", "ordered", "ordered_fields"]

# Group -> what a citizen reads.
CLAIMS: Final[Mapping[str, str]] = {
    "name": N_("Họ và tên"),
    "birthdate": N_("Ngày sinh"),
    "gender": N_("Giới tính"),
    "personal_id": N_("Số định danh cá nhân"),
    "address": N_("Nơi thường trú"),
    "nationality": N_("Quốc tịch"),
    "phone": N_("Số điện thoại"),
    "email": N_("Thư điện tử"),
    "organisations": N_("Tổ chức bạn được thay mặt, và việc được giao"),
}

# What no application can be given by an agreement: only a citizen's own consent opens it. Group -> what a citizen reads.
SENSITIVE: Final[Mapping[str, str]] = {"medical": N_("Kết quả khám sức khỏe")}
# With what partners' programs may be given beside that, by consent.
CONSENTS: Final[Mapping[str, str]] = {**CLAIMS, **SENSITIVE, **{group: FIELDS[field] for field, group in GROUPS.items() if group not in CLAIMS}}


def ordered(claims: Iterable[str]) -> list[str]:
    """These groups in the order people expect them."""
    wanted = set(claims)
    return [group for group in CONSENTS if group in wanted]
