"""Where an application stands, in the applicant's words."""

from __future__ import annotations

from typing import Final

from dancu.accounts.models.application import ApplicationState
from dancu.kit.i18n import N_

# Mark, its word, and what the applicant does now.
STATES: Final = {
    ApplicationState.WAITING: ("us", N_("Đang được xem xét"), ""),
    ApplicationState.APPROVED: ("done", N_("Đã duyệt"), N_("Xem tin nhắn có mã kích hoạt.")),
    ApplicationState.REFUSED: ("refused", N_("Chưa được duyệt"), N_("Mời bạn mang thẻ căn cước tới công an xã, phường để được giúp.")),
    ApplicationState.WITHDRAWN: ("draft", N_("Đã rút"), ""),
}
# The same once it is approved, by what has become of the account.
FOLLOWS: Final = {
    "awaits_card": (
        "you", N_("Đã duyệt, chờ thẻ"),
        N_("Thẻ căn cước của bạn đã bị thu hồi nên tài khoản chưa kích hoạt được. Mời bạn làm thẻ ở công an xã, phường; có thẻ mới, mã kích hoạt gửi tới điện thoại bạn đã khai."),
    ),
    "waits": ("you", N_("Đã duyệt, chờ kích hoạt"), N_("Xem tin nhắn có mã kích hoạt; mã dùng đến hết {until}. Không thấy tin nhắn thì xin mã mới ở trang kích hoạt.")),
    "lapsed": ("late", N_("Mã kích hoạt hết hạn"), N_("Hồ sơ đã duyệt, nhưng hạn kích hoạt đã qua. Gọi tổng đài, hoặc mang thẻ căn cước tới một quầy bất kỳ để nhận mã mới.")),
    "in_use": ("done", N_("Tài khoản đang dùng"), N_("Hồ sơ đã duyệt và bạn đã kích hoạt; đăng nhập là dùng được.")),
    "locked": ("late", N_("Tài khoản đang khóa"), N_("Hồ sơ đã duyệt. Hỏi công an xã, phường hoặc tổng đài để biết vì sao và cách mở.")),
}  # fmt: skip
