"""The term of a field, without its value: what a case about it is called."""

from __future__ import annotations

from dancu.kit.i18n import N_, gettext
from dancu.population.wording import labels

_TERMS = {
    ("name", "full_name"): N_("Họ tên"),
    ("birth", "birth_date"): N_("Ngày sinh"),
    ("birth", "sex"): N_("Giới tính"),
    ("birth", "birth_unit"): N_("Nơi sinh"),
    ("birth", "registration_unit"): N_("Nơi đăng ký khai sinh"),
    ("birth", "origin_unit"): N_("Quê quán"),
    ("trait", "ethnicity"): N_("Dân tộc"),
    ("trait", "religion"): N_("Tôn giáo"),
    ("trait", "nationality"): N_("Quốc tịch"),
    ("trait", "blood_group"): N_("Nhóm máu"),
    ("residence", "file_number"): N_("Số hồ sơ cư trú"),
    ("household", "address"): N_("Địa chỉ của hộ"),
    ("member", "relation"): N_("Quan hệ với chủ hộ"),
    ("marital", "status"): N_("Tình trạng hôn nhân"),
    ("card", "number"): N_("Thẻ căn cước"),
    ("life", "status"): N_("Tình trạng sống"),
}
_TABLES = {"number": labels.NUMBER, "residence": labels.RESIDENCE, "kin": labels.KIN, "contact": labels.CONTACT}


def term(group: str, field: str) -> str:
    """The term of a value of the record; what the record names itself (other facts) stands as written."""
    msgid = _TERMS.get((group, field)) or _TABLES.get(group, {}).get(field)
    return gettext(msgid) if msgid else field or gettext(N_("Cả hồ sơ"))
