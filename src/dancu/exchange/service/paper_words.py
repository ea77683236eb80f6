"""Papers of ministries in words: values, ages, and why one is not here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dancu.exchange.models.connectors import Connector, Field, How, Outcome
from dancu.exchange.service.titles import disputed as disputed
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.i18n import N_, gettext, ngettext

#: Our words for codes of ministries.
WORDS: Final[Mapping[str, str]] = {
    "valid": N_("Còn giá trị"), "expired": N_("Hết hạn"), "suspended": N_("Đang bị tạm giữ, đình chỉ"), "revoked": N_("Đã bị thu hồi"),
    "compulsory": N_("Bắt buộc"), "voluntary": N_("Tự nguyện"),
    "sickness": N_("Ốm đau"), "maternity": N_("Thai sản"), "convalescence": N_("Dưỡng sức"), "pension": N_("Hưu trí"), "death_grant": N_("Tử tuất"),
    "full": N_("100% chi phí"), "full_all": N_("100% chi phí, kể cả ngoài danh mục"), "full_special": N_("100% chi phí, kể cả vận chuyển"),
    "p95": N_("95% chi phí"), "p80": N_("80% chi phí"),
    "exam_driver": N_("Khám sức khỏe người lái xe"), "exam_periodic": N_("Khám định kỳ"), "exam_employment": N_("Khám đi làm"),
    "vaccination": N_("Tiêm chủng"), "health_1": N_("Sức khỏe loại I"), "health_2": N_("Sức khỏe loại II"), "health_3": N_("Sức khỏe loại III"),
    "health_4": N_("Sức khỏe loại IV"),
    "regime_before_2025": N_("Hạng theo quy định trước 01/01/2025"), "regime_2025": N_("Hạng theo quy định từ 01/01/2025"),
    "birth_entry": N_("Khai sinh"), "marriage_entry": N_("Kết hôn"), "death_entry": N_("Khai tử"),
    "use_home": N_("Sinh hoạt"), "use_business": N_("Kinh doanh"),
    "land_urban": N_("Đất ở đô thị"), "land_rural": N_("Đất ở nông thôn"), "land_rice": N_("Đất trồng lúa"), "land_trees": N_("Đất trồng cây lâu năm"),
    "house_detached": N_("Nhà riêng lẻ"), "house_flat": N_("Căn hộ chung cư"),
    "vehicle_car": N_("Ô tô"), "vehicle_motorcycle": N_("Xe máy"), "vehicle_truck": N_("Xe tải"),
    "merit_wounded": N_("Thương binh"), "merit_sick": N_("Bệnh binh"), "merit_revolution": N_("Người hoạt động cách mạng"),
    "merit_martyr_family": N_("Thân nhân liệt sĩ"),
    "result_good": N_("Tốt"), "result_fair": N_("Khá"), "result_pass": N_("Đạt"), "result_fail": N_("Chưa đạt"),
}  # fmt: skip

#: The same of somebody else, for whoever is at a desk.
NOBODY_THERE: Final = N_("Cơ quan này trả lời: không có hồ sơ nào theo số định danh của người này.")

#: Why a paper is not here, calmly: outcome -> what a reader is told.
WHY: Final[Mapping[Outcome, str]] = {
    Outcome.NOBODY: N_("Cơ quan này trả lời: không có hồ sơ nào theo số định danh của bạn."),
    Outcome.NOT_CONNECTED: N_("Cơ quan này chưa kết nối."),
    Outcome.BUSY: N_("Nhiều người đang hỏi cơ quan này cùng lúc. Xin thử lại sau ít phút."),
    Outcome.OPEN: N_("Hệ thống của cơ quan này đang trục trặc. Chúng tôi tạm ngừng hỏi để họ khôi phục, rồi sẽ hỏi lại."),
    Outcome.TIMEOUT: N_("Cơ quan này trả lời chậm hơn thường lệ. Xin thử lại sau ít phút."),
    Outcome.UNREACHABLE: N_("Hệ thống của cơ quan này tạm thời không trả lời. Xin thử lại sau ít phút."),
    Outcome.REFUSED: N_("Cơ quan này chưa nhận câu hỏi của chúng tôi. Người vận hành đã được báo."),
    Outcome.UNREADABLE: N_("Câu trả lời của cơ quan này chưa đúng dạng, nên chúng tôi không dùng. Người vận hành đã được báo."),
    Outcome.WRONG_PERSON: N_("Cơ quan này trả lời về một người khác, nên chúng tôi không dùng câu trả lời đó. Người vận hành đã được báo."),
    Outcome.OUTDATED: N_("Cơ quan này trả lời bằng dữ liệu cũ hơn lần trước, nên chúng tôi giữ câu trả lời mới hơn. Người vận hành đã được báo."),
}

IDENTITY_WORDS: Final[Mapping[str, str]] = {"name": N_("Họ và tên"), "birth": N_("Ngày sinh"), "sex": N_("Giới tính")}
SEX: Final[Mapping[str, str]] = {"male": N_("Nam"), "female": N_("Nữ")}


def day(iso: str) -> str:
    """A day, month or year as people write it."""
    return "/".join(reversed(iso.split("-")))


def value(field: Field, given: Any) -> str:
    """A value of a record in words."""
    if given is None:
        return ""
    if field.how is How.CODE:
        return gettext(WORDS.get(str(given), str(given)))
    if field.how is How.FLAG:
        return gettext(N_("Có")) if given else gettext(N_("Không"))
    if field.how in (How.DATE, How.MONTH):
        return day(str(given))
    if field.how is How.NUMBER:
        number = f"{given:,}".replace(",", "_").replace(".", ",").replace("_", ".")
        return f"{number} {gettext(field.unit)}".strip() if field.unit else number
    return str(given)


def age(at: datetime) -> str:
    """How long ago, roughly: people ask whether it is from today."""
    minutes = max(int((SYSTEM_CLOCK.now() - at).total_seconds() // 60), 0)
    if minutes < 2:
        return gettext(N_("vừa xong"))
    if minutes < 60:
        return ngettext("{n} phút trước", minutes)
    if minutes < 48 * 60:
        return ngettext("{n} giờ trước", minutes // 60)
    return ngettext("{n} ngày trước", minutes // 1440)


def line(connector: Connector, part: str, row: Mapping[str, Any]) -> str:
    """How a record is called in a list to choose from: its first fields."""
    found = connector.part(part)
    if found is None:
        return ""
    said = [value(one, row.get(one.code)) for one in found.fields[:3]]
    return " · ".join(text for text in said if text)


def field_words(connector: Connector, code: str) -> str:
    """What a disputed field is called: "Thời gian đóng: Từ tháng"."""
    part, _, name = code.partition(".")
    if part == "identity":
        return gettext(IDENTITY_WORDS.get(name, name))
    found, one = connector.part(part), connector.field(code)
    return ": ".join(gettext(text) for text in (found.title if found else "", one.title if one else "") if text)


def identity(field: str, given: str) -> str:
    """A holder's field as people write it."""
    return day(given) if field == "birth" else gettext(SEX.get(given, given)) if field == "sex" else given


def registered(view: Any, field: str) -> str:
    """The same of the registry's record."""
    if field == "name":
        return view.name.full_name if view.name else ""
    birth = view.birth
    if birth is None:
        return ""
    if field == "birth":
        return "/".join(f"{part:02d}" for part in (birth.day, birth.month, birth.year) if part)
    return gettext(SEX.get(str(birth.sex), "")) if birth.sex else ""
