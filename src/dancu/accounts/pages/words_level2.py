"""Codes of level 2 in words."""

from __future__ import annotations

from typing import Final

from dancu.kit.i18n import N_

OFFICE_KIND: Final = {
    "post": N_("Công an xã, phường"),
    "id_office": N_("Nơi làm căn cước"),
    "mobile": N_("Xe lưu động"),
    "market_day": N_("Điểm chợ phiên"),
    "home_visit": N_("Làm tại nhà"),
}
DEVICE_KIND: Final = {
    "card_reader": N_("Đầu đọc thẻ"),
    "camera": N_("Máy chụp chân dung"),
    "fingerprint": N_("Máy thu vân tay"),
    "kit": N_("Bộ thiết bị lưu động"),
}
DEVICE_STATE: Final = {
    "working": N_("Đang dùng tốt"),
    "failing": N_("Lúc được lúc không"),
    "broken": N_("Hỏng"),
    "retired": N_("Đã thôi dùng"),
}
VISIT_STATE: Final = {
    "open": N_("Đang làm"),
    "second": N_("Chờ cán bộ thứ hai"),
    "approved": N_("Đã duyệt"),
    "refused": N_("Đã từ chối"),
    "abandoned": N_("Đã bỏ"),
}
#: The word of ui.status for each state.
VISIT_STATUS: Final = {"open": "draft", "second": "us", "approved": "done", "refused": "refused", "abandoned": "refused"}
MEANS: Final = {"qr": N_("Mã QR trên thẻ"), "mrz": N_("Dòng chữ máy đọc trên thẻ"), "typed": N_("Không có thẻ, gõ số")}
FIELD: Final = {
    "name": N_("Họ tên"), "birth": N_("Ngày sinh"), "sex": N_("Giới tính"), "old_number": N_("Số CMND cũ"),
    "phone": N_("Điện thoại"), "email": N_("Thư điện tử"), "card": N_("Thẻ đang dùng"),
}  # fmt: skip
AGREEMENT: Final = {"yes": N_("khớp"), "close": N_("gần khớp"), "no": N_("khác"), "unknown": N_("chưa có để so sánh"), "expired": N_("đã hết hạn"), "newer": N_("mới hơn thẻ trong dữ liệu dân cư"), "alike": N_("hai thẻ cùng ngày cấp")}
CIRCUMSTANCE: Final = {
    "no_card_shown": N_("Không xuất trình thẻ"),
    "card_differs": N_("Thông tin trên thẻ khác dữ liệu dân cư"),
    "face_differs": N_("Chân dung không khớp ảnh lưu"),
    "no_reference": N_("Chưa có ảnh lưu để so sánh"),
    "no_fingerprint": N_("Chưa thu vân tay"),
    "doorstep": N_("Làm tại nhà, tại điểm lưu động"),
    "phone_mended": N_("Sửa số điện thoại của tài khoản chờ kích hoạt"),
}
CAPTURE: Final = {"portrait": N_("Chân dung"), "fingerprint": N_("Vân tay")}
OUTCOME: Final = {
    "matched": N_("khớp với mẫu đã lưu"),
    "differs": N_("không khớp với mẫu đã lưu"),
    "no_reference": N_("đã nhận; chưa có mẫu để so sánh"),
}
MISSING: Final = {
    "portrait": N_("chụp chân dung"),
    "phone": N_("số điện thoại của công dân"),
    "confirmed": N_("công dân xác nhận tờ khai"),
}
DOCUMENT: Final = {
    "health_insurance": N_("Thẻ bảo hiểm y tế"),
    "driving_licence": N_("Giấy phép lái xe"),
    "vehicle_registration": N_("Đăng ký xe"),
    "tax_code": N_("Mã số thuế"),
    "residence": N_("Thông tin cư trú"),
}
HOW: Final = {
    "screen": N_("Công dân xác nhận trên màn hình"),
    "aloud": N_("Đã đọc cho công dân nghe và công dân đồng ý"),
    "paper": N_("Công dân đã ký bản in"),
}
BRING: Final = {
    "card": N_("Thẻ căn cước"),
    "guardian": N_("Cha, mẹ hoặc người giám hộ đi cùng, mang thẻ căn cước của họ"),
    "phone": N_("Điện thoại mang số chính chủ"),
    "birth_certificate": N_("Giấy khai sinh hoặc giấy tờ có số định danh"),
}
WEEKDAY: Final = {
    1: N_("Thứ hai"), 2: N_("Thứ ba"), 3: N_("Thứ tư"), 4: N_("Thứ năm"), 5: N_("Thứ sáu"), 6: N_("Thứ bảy"), 7: N_("Chủ nhật"),
}  # fmt: skip
DOORSTEP: Final = {
    "received": N_("Đã nhận, chờ đủ chuyến"),
    "approved": N_("Đã duyệt"),
    "second": N_("Chờ cán bộ thứ hai"),
    "open": N_("Cần làm tiếp tại quầy"),
    "refused": N_("Không nhận"),
    "conflict": N_("Trùng với hồ sơ khác"),
    "unreadable": N_("Không mở được"),
}
#: Why a record of a trip was not taken, where the sentence of the counter does not fit.
REASON: Final = {
    "doorstep.same_person": N_("Người này đã có hồ sơ khác trong cùng chuyến."),
    "doorstep.open_elsewhere": N_("Người này đang có một lượt định danh khác."),
    "doorstep.clock": N_("Thời điểm ghi trên bộ thiết bị không hợp lý hoặc đã quá 30 ngày."),
    "doorstep.content": N_("Nội dung hồ sơ không đúng dạng."),
    "doorstep.unreadable": N_("Bản ghi không mở được bằng khóa của trung tâm."),
    "account.level_held": N_("Tài khoản đã ở mức này hoặc cao hơn."),
    "visit.somebody_else": N_("Thông tin trên thẻ không khớp với người mang số này."),
    "visit.card_not_in_force": N_("Thẻ đã quét là thẻ báo mất hoặc bị thu hồi."),
    "visit.card_replaced": N_("Thẻ đã quét là thẻ cũ, đã được thay bằng thẻ mới."),
    "visit.incomplete": N_("Chưa đủ: chụp chân dung, số điện thoại và công dân xác nhận tờ khai."),
    "visit.how": N_("Thiếu xác nhận của công dân."),
    "capture.empty": N_("Thiếu ảnh chân dung."),
    "person.not_found": N_("Không có ai mang số này trong cơ sở dữ liệu dân cư."),
    "level2.not_alive": N_("Cơ sở dữ liệu ghi người này đã mất."),
    "level2.with_guardian": N_("Người chưa đủ tuổi cần cha, mẹ hoặc người giám hộ cùng làm."),
    "level2.too_young": N_("Chưa đủ tuổi dùng mức 2."),
    "level2.guardian_unproved": N_("Dữ liệu dân cư chưa ghi người đi cùng là cha, mẹ hoặc người giám hộ."),
    "level2.guardian_card": N_("Thẻ của người đi cùng không dùng được."),
    "account.phone_taken": N_("Số điện thoại này đang dùng cho một tài khoản khác."),
    "card": N_("Không đọc được nội dung quét từ thẻ."),
    "portrait": N_("Ảnh chân dung chưa đạt, cần chụp lại."),
}


def reason(code: str) -> str:
    """The sentence of a code, or of its kind; the code itself where there is neither."""
    return REASON.get(code) or REASON.get(code.partition(".")[0], code)
