"""Words of proving residence: the ways, how an attempt ended and what to do next."""

from __future__ import annotations

from typing import Final

from dancu.exchange.models.residence import Outcome, Way
from dancu.exchange.service.titles import WAYS as WAYS
from dancu.kit.i18n import N_

#: What the officer does.
DO: Final = {
    Way.LOOKUP: N_("Hỏi số định danh và họ tên hoặc ngày sinh, không cần giấy tờ nào."),
    Way.ACCOUNT: N_("Người dân mở “Tài khoản của tôi”, “Mã đưa cho quầy” rồi đọc mã; hoặc nhập số định danh để hỏi, người dân bấm đồng ý."),
    Way.QR: N_("Đặt con trỏ vào ô dưới rồi quét mã QR ở góc thẻ."),
    Way.CHIP: N_("Đặt con trỏ vào ô dưới rồi đặt thẻ lên đầu đọc chip."),
    Way.CARD: N_("Nhập đúng như in trên thẻ, cả ngày cấp."),
    Way.NOTICE: N_("Nhập đúng như in trên thông báo."),
    Way.CONFIRMATION: N_("Quét mã QR trên giấy, hoặc dán nội dung mã."),
}
#: (what happened, what it means for the counter).
OUTCOMES: Final = {
    Outcome.WAITING: (N_("Đã gửi câu hỏi tới điện thoại"), N_("Chờ người dân trả lời, rồi bấm “Xem câu trả lời”.")),
    Outcome.DISAGREES: (
        N_("Thông tin đưa ra khác với cơ sở dữ liệu dân cư"),
        N_("Không yêu cầu người dân về lấy giấy tờ. Chỗ khác nhau đã được gửi tới công an nơi cư trú; họ phải trả lời cơ quan bạn và người dân đúng hạn."),
    ),
    Outcome.REPLACED: (
        N_("Thẻ này không phải thẻ đang dùng"), N_("Có thể đã cấp thẻ khác hoặc thẻ chưa được ghi nhận. Đã gửi nơi quản lý kiểm tra."),
    ),
    Outcome.EXPIRED: (N_("Đã hết hạn"), N_("Thẻ hoặc giấy đã hết hạn, nhưng vẫn còn cách khác.")),
    Outcome.REVOKED: (N_("Giấy đã bị thu hồi"), N_("Người được cấp đã thu hồi giấy này.")),
    Outcome.CHANGED: (N_("Thông tin đã thay đổi sau khi cấp giấy"), N_("Nơi cư trú hoặc họ tên đã đổi. Hãy dùng cách khác.")),
    Outcome.UNREADABLE: (N_("Không đọc được"), N_("Hãy quét lại, hoặc dùng cách tiếp theo.")),
    Outcome.FORGED: (N_("Chữ ký không đúng"), N_("Nội dung đã bị sửa hoặc không do cơ quan nhà nước cấp. Không dùng được.")),
    Outcome.NOT_FOUND: (N_("Không có số này trong cơ sở dữ liệu dân cư"), N_("Hãy kiểm tra lại số đã nhập.")),
    Outcome.DEAD: (N_("Người này đã được đăng ký khai tử"), N_("Nếu người đứng trước quầy chính là người đó, hãy báo công an phường, xã.")),
    Outcome.NO_RESIDENCE: (N_("Chưa có nơi cư trú trong cơ sở dữ liệu"), N_("Mời người dân đến công an phường, xã để khai báo cư trú.")),
    Outcome.NO_ACCOUNT: (N_("Chưa dùng được tài khoản mức 2"), N_("Hãy dùng cách tiếp theo.")),
    Outcome.DENIED: (N_("Người dân không đồng ý"), N_("Hãy hỏi lại người dân, hoặc dùng cách khác.")),
    Outcome.TOO_LATE: (N_("Mã hoặc câu hỏi đã hết hạn"), N_("Mời người dân lấy mã mới, hoặc hỏi lại.")),
}
#: What a slip of the hand looks like (models.residence.SLIPS).
SLIP: Final = {
    Outcome.DISAGREES: N_("Thông tin đã nhập khác với cơ sở dữ liệu dân cư"), Outcome.REPLACED: N_("Ngày cấp đã nhập không phải của thẻ đang dùng"),
    Outcome.NOT_FOUND: N_("Không có số này trong cơ sở dữ liệu dân cư"), Outcome.TOO_LATE: N_("Không có mã này, hoặc mã đã hết hạn"),
}  # fmt: skip
#: Remarks of how it was proved, for the receipt.
HOW: Final = {
    "typed": N_("Nhập tay từ giấy tờ xuất trình"), "degraded": N_("Mã QR đọc được một phần, đã đối chiếu phần còn lại"),
    "chip_signed": N_("Chữ ký trong chip hợp lệ"), "chip_unchecked": N_("Đầu đọc không đưa chữ ký của chip"),
    "chip_unknown_issuer": N_("Chip được ký bởi nơi chưa có trong danh sách tin cậy"),
    "agreed": N_("Người dân đã đồng ý trên điện thoại"), "code": N_("Người dân đưa mã một phút từ tài khoản của mình"),
    "paper_signed": N_("Giấy xác nhận còn hạn, chữ ký đúng, thông tin chưa đổi"),
    "close": N_("Có mục gần giống, không trùng từng chữ: phiếu ghi theo cơ sở dữ liệu"),
}  # fmt: skip
#: Fields a receipt names as held against the registry, beside the number.
COMPARED: Final = {
    "name": N_("họ tên"), "birth": N_("ngày sinh"), "sex": N_("giới tính"), "old_number": N_("số CMND cũ"), "card": N_("thẻ đang dùng"),
}  # fmt: skip
#: What a receipt or confirmation says of a person, in this order.
TERMS: Final = {
    "name": N_("Họ và tên"), "number": N_("Số định danh"), "old_number": N_("Số CMND cũ"), "birth": N_("Ngày sinh"),
    "sex": N_("Giới tính"), "permanent": N_("Nơi thường trú"), "since": N_("Thường trú từ"), "temporary": N_("Nơi tạm trú"),
    "relation": N_("Quan hệ với chủ hộ"), "marital": N_("Tình trạng hôn nhân"),
}  # fmt: skip
