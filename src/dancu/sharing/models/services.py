"""Data services and the fields they speak of: the words of data agreements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class Service:
    """A data service that agreements name. `permission`: what a purpose must serve to be agreed on for it. `asks`: each of its calls is
    held against the citizen's consent where the agreement needs that; for the others no such agreement is made."""

    title: str
    permission: str
    asks: bool = False


# What the platform does for other organisations, and what they do for it.
SERVICES: Final[Mapping[str, Service]] = {
    "verify": Service(N_("Đối chiếu thông tin (đúng, sai, gần đúng)"), "person.verify", asks=True),
    "lookup": Service(N_("Tra cứu thông tin công dân"), "person.release", asks=True),
    "residence": Service(N_("Xác nhận nơi cư trú thay sổ hộ khẩu"), "person.release", asks=True),
    "reconcile": Service(N_("Đối soát hàng loạt"), "person.release"),
    "events": Service(N_("Nhận tin khi thông tin thay đổi"), "person.release"),
    "confirm": Service(N_("Giấy xác nhận có ký số"), "person.release", asks=True),
    "supply": Service(N_("Cung cấp dữ liệu hộ tịch, cải chính"), "person.supply"),
    "registry": Service(N_("Truy vấn theo chuẩn quốc tế (GovStack, SPDCI)"), "person.release"),
    "usage": Service(N_("Cho người dân xem ai đã dùng dữ liệu của mình (findUsage)"), "person.release"),
    "documents": Service(N_("Giấy tờ tích hợp"), "person.release"),
}

# Fields of a citizen that data services speak of, in the order people expect them.
FIELDS: Final[Mapping[str, str]] = {
    "name": N_("Họ, chữ đệm và tên"),
    "other_name": N_("Tên gọi khác"),
    "birth": N_("Ngày, tháng, năm sinh"),
    "birth_place": N_("Nơi sinh, nơi đăng ký khai sinh"),
    "sex": N_("Giới tính"),
    "personal_id": N_("Số định danh cá nhân"),
    "old_number": N_("Số chứng minh nhân dân, số cũ"),
    "origin": N_("Quê quán"),
    "ethnicity": N_("Dân tộc"),
    "religion": N_("Tôn giáo"),
    "nationality": N_("Quốc tịch"),
    "address": N_("Nơi thường trú"),
    "temporary_address": N_("Nơi tạm trú"),
    "stay": N_("Nơi ở hiện tại, lưu trú"),
    "household": N_("Hộ gia đình, quan hệ với chủ hộ"),
    "head": N_("Chủ hộ"),
    "members": N_("Thành viên hộ"),
    "parents": N_("Cha, mẹ, người đại diện"),
    "spouse": N_("Vợ hoặc chồng"),
    "children": N_("Con"),
    "marital": N_("Tình trạng hôn nhân"),
    "card": N_("Thẻ căn cước"),
    "life": N_("Còn sống hay đã mất"),
    "phone": N_("Số điện thoại"),
    "email": N_("Thư điện tử"),
}

# Field of data agreements -> the group a citizen consents to. Fields that are a group of the sign-in too are one and the same; the others
# are groups of their own. Data of other people (members, parents, …) have none: nobody consents for them.
_SAME: Final[Mapping[str, str]] = {"birth": "birthdate", "sex": "gender"}
_OF_OTHERS: Final = frozenset({"head", "members", "parents", "spouse", "children"})
GROUPS: Final[Mapping[str, str]] = {field: _SAME.get(field, field) for field in FIELDS if field not in _OF_OTHERS}


def ordered_fields(fields: Iterable[str]) -> list[str]:
    """These fields in the order people expect them."""
    wanted = set(fields)
    return [field for field in FIELDS if field in wanted]
