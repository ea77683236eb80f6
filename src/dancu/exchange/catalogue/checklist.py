"""The security checklist an organisation declares when it applies, by the level of its information system.

Levels 1–5 are those of 85/2016/NĐ-CP (secondary); which items belong to which level follows its spirit and is the project's
own reading (unverified): to be replaced by the list the ministry in charge settles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dancu.kit.i18n import N_

LEVELS: Final = (1, 2, 3, 4, 5)
BASIS: Final = "85/2016/NĐ-CP"


@dataclass(frozen=True, slots=True)
class Item:
    """`from_level`: the lowest level it is asked of. `must`: it cannot go live without."""

    code: str
    title: str
    from_level: int = 1
    must: bool = False


_ALL = (
    Item("level_approved", N_("Hệ thống có quyết định phê duyệt cấp độ an toàn"), 1, must=True),
    Item("officer", N_("Có người chịu trách nhiệm về an toàn thông tin và bảo vệ dữ liệu"), 1, must=True),
    Item("key_kept", N_("Khóa riêng của chứng thư được giữ trong nơi chỉ chương trình gọi đọc được"), 1, must=True),
    Item("accounts", N_("Mỗi cán bộ có tài khoản riêng; biết ai đã tra cứu"), 1, must=True),
    Item("case_ref", N_("Mỗi lần gọi mang mã hồ sơ và người thực hiện"), 1, must=True),
    Item("own_log", N_("Ghi nhật ký mọi lần gọi và giữ để đối chiếu hằng đêm"), 1, must=True),
    Item("clock", N_("Đồng hồ máy chủ được đồng bộ"), 1),
    Item("patches", N_("Có lịch cập nhật bản vá"), 1),
    Item("backup", N_("Có sao lưu và đã thử phục hồi"), 2),
    Item("network", N_("Máy gọi ở vùng mạng riêng, chỉ mở các địa chỉ cần thiết"), 2, must=True),
    Item("two_factor", N_("Quản trị viên đăng nhập bằng hai yếu tố"), 2),
    Item("retention", N_("Có thời hạn giữ và xóa dữ liệu nhận được"), 2, must=True),
    Item("scan", N_("Đã quét lỗ hổng trong 12 tháng qua"), 3, must=True),
    Item("monitoring", N_("Có giám sát an toàn thông tin"), 3),
    Item("incident", N_("Có phương án ứng cứu sự cố, biết báo cho ai trong 24 giờ"), 3, must=True),
    Item("training", N_("Cán bộ tra cứu được tập huấn về bảo vệ dữ liệu cá nhân"), 3),
    Item("pentest", N_("Đã kiểm thử xâm nhập trong 12 tháng qua"), 4, must=True),
    Item("hsm", N_("Khóa riêng nằm trong thiết bị phần cứng (HSM)"), 4),
    Item("soc", N_("Giám sát 24 giờ, kết nối với trung tâm giám sát quốc gia"), 4, must=True),
    Item("second_site", N_("Có trung tâm dự phòng, đã diễn tập chuyển đổi"), 5, must=True),
)


def items(level: int) -> dict[str, Item]:
    """What is asked of a system of this level."""
    return {item.code: item for item in _ALL if item.from_level <= level}


def must(level: int) -> frozenset[str]:
    """What such a system cannot go live without."""
    return frozenset(item.code for item in items(level).values() if item.must)
