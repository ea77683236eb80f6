"""Words of confirmations."""

from __future__ import annotations

from typing import Final

from dancu.exchange.models.confirmation import ConfirmationState
from dancu.exchange.service.titles import CONFIRMATIONS as KINDS
from dancu.kit.i18n import N_

__all__ = ["CHOOSE", "KINDS", "STATES"]
CHOOSE: Final = N_("Hãy chọn loại giấy xác nhận.")
#: State -> (status of the one vocabulary, word, what it means for whoever holds the paper).
STATES: Final = {
    ConfirmationState.VALID: ("done", N_("Còn giá trị"), N_("Chữ ký đúng, giấy còn hạn và thông tin chưa thay đổi.")),
    ConfirmationState.EXPIRED: ("late", N_("Đã hết hạn"), N_("Chữ ký đúng nhưng giấy đã hết hạn.")),
    ConfirmationState.REVOKED: ("refused", N_("Đã thu hồi"), N_("Người được cấp đã thu hồi giấy này.")),
    ConfirmationState.CHANGED: ("late", N_("Thông tin đã thay đổi"), N_("Thông tin trong cơ sở dữ liệu đã thay đổi sau khi cấp giấy.")),
    ConfirmationState.FORGED: ("refused", N_("Chữ ký không đúng"), N_("Nội dung đã bị sửa hoặc không do hệ thống này cấp.")),
    ConfirmationState.UNREADABLE: ("refused", N_("Không đọc được"), N_("Đây không phải nội dung mã của giấy xác nhận. Hãy quét lại cả mã.")),
    ConfirmationState.UNKNOWN: ("refused", N_("Không có trong danh sách đã cấp"), N_("Chữ ký đúng nhưng hệ thống không còn lưu giấy này.")),
}  # fmt: skip
