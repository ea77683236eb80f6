"""Words of locks and recoveries."""

from __future__ import annotations

from dancu.accounts.models.locks import Ground, LockState
from dancu.kit.i18n import N_

GROUND = {
    Ground.OWN_REQUEST: N_("Chủ tài khoản yêu cầu"),
    Ground.POLICE_REQUEST: N_("Cơ quan công an yêu cầu"),
    Ground.DEATH: N_("Có đăng ký khai tử"),
    Ground.CARD_REVOKED: N_("Thẻ căn cước bị thu hồi"),
    Ground.RECORD_MERGED: N_("Hồ sơ đã gộp vào hồ sơ khác"),
    Ground.BREACH: N_("Vi phạm khi sử dụng"),
    Ground.SUSPICION: N_("Nghi có người khác dùng"),
}
# What ends it, said to whoever asks.
ENDS = {
    Ground.OWN_REQUEST: N_("Mở khi chủ tài khoản chứng minh nhân thân tại quầy một cửa, công an xã, phường hoặc qua tổng đài."),
    Ground.POLICE_REQUEST: N_("Mở theo quyết định của cơ quan công an."),
    Ground.DEATH: N_("Mở khi đăng ký khai tử được hủy vì nhầm; liên hệ tư pháp – hộ tịch xã, phường."),
    Ground.CARD_REVOKED: N_("Mở khi có thẻ căn cước mới; liên hệ công an xã, phường."),
    Ground.RECORD_MERGED: N_("Mở khi việc gộp hồ sơ được hủy; liên hệ công an xã, phường."),
    Ground.BREACH: N_("Mở theo quyết định của cơ quan công an."),
    Ground.SUSPICION: N_("Mở khi chủ tài khoản chứng minh nhân thân tại quầy một cửa, công an xã, phường hoặc qua tổng đài."),
}
STATE = {
    LockState.REQUESTED: ("us", N_("Chờ quyết định")),
    LockState.REFUSED: ("refused", N_("Không chấp nhận")),
    LockState.STANDING: ("late", N_("Đang khóa")),
    LockState.LIFTED: ("done", N_("Đã mở")),
}
ACCOUNT = {
    "approved": ("us", N_("Đã duyệt, chưa báo")),
    "notified": ("you", N_("Chờ kích hoạt")),
    "active": ("done", N_("Đang dùng")),
    "locked": ("late", N_("Đang khóa")),
    "closed": ("draft", N_("Đã đóng")),
}
CHECK = {
    "card": N_("Thẻ đã đọc, khớp với dữ liệu dân cư"),
    "face": N_("Khuôn mặt khớp với ảnh gốc"),
    "seen": N_("Cán bộ đã nhận mặt theo ảnh trên thẻ"),
    "answers": N_("Trả lời đúng câu hỏi qua điện thoại"),
    "approval": N_("Chủ tài khoản đồng ý trên điện thoại của mình"),
}
KIND = {"phone": N_("Số điện thoại"), "email": N_("Thư điện tử"), "contact": N_("Đổi liên lạc"), "lapsed": N_("Đổi liên lạc đã hết hạn"), "recovery": N_("Lấy lại tài khoản")}
# What waits, to the holder.
CHANGING = {"phone": N_("Có yêu cầu đổi số điện thoại đang chờ"), "email": N_("Có yêu cầu đổi thư điện tử đang chờ")}
NEW = {"phone": N_("Số điện thoại mới"), "email": N_("Thư điện tử mới")}
QUESTION = {
    "moved": (N_("Về thường trú tại nơi ở hiện nay từ năm nào?"), N_("Năm, ví dụ: 2014")),
    "married": (N_("Kết hôn năm nào?"), N_("Năm, ví dụ: 2014")),
    "children": (N_("Có mấy con đã khai sinh?"), N_("Số, ví dụ: 2")),
    "phone": (N_("Số điện thoại đã đăng ký với cơ quan dân cư?"), ""),
    "email": (N_("Thư điện tử đã đăng ký với cơ quan dân cư?"), ""),
    "activated": (N_("Kích hoạt tài khoản vào tháng nào?"), N_("Tháng/năm, ví dụ: 3/2026")),
}
