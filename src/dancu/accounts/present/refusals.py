"""What somebody reads whose sign-in goes no further."""

from __future__ import annotations

from dancu.accounts.models.locks import Ground
from dancu.accounts.models.sign_in import Step
from dancu.kernel.errors import DancuError, Invalid, NotAllowed
from dancu.kit.i18n import N_

REFUSED = NotAllowed("sign_in.refused", N_("Số định danh hoặc mật mã không đúng, hoặc tài khoản chưa kích hoạt."))
CODE_REFUSED = NotAllowed("sign_in.code_refused", N_("Mã không đúng, đã dùng hoặc đã hết hạn. Hãy thử lại hoặc chọn cách khác."))
LATE = Invalid("sign_in.old", N_("Trang đăng nhập đã mở quá lâu. Xin bắt đầu lại."))
LOCKED = NotAllowed(
    "sign_in.locked",
    N_("Tài khoản đang bị khóa. Hãy gọi tổng đài hoặc đến công an xã, phường gần nhất để biết lý do và mở lại."),
)

#: After the right passcode, so nobody else learns it; a family reads it too.
WHY_LOCKED = {
    Ground.DEATH: N_("Tài khoản đã khóa vì cơ sở dữ liệu ghi chủ tài khoản đã mất. Gia đình không phải làm gì thêm. Nếu ghi nhầm, hãy báo tư pháp xã, phường; tài khoản sẽ mở lại ngay."),
    Ground.RECORD_MERGED: N_("Hồ sơ này đã gộp vào một hồ sơ khác của bạn. Hãy đăng nhập bằng số định danh đang dùng, hoặc hỏi công an xã, phường."),
    Ground.CARD_REVOKED: N_("Tài khoản đang khóa vì thẻ căn cước bị thu hồi. Làm thẻ mới xong, tài khoản tự mở lại."),
    Ground.POLICE_REQUEST: N_("Tài khoản đang khóa theo quyết định của cơ quan công an. Hãy hỏi công an xã, phường; tổng đài và một cửa không mở được khóa này."),
    Ground.BREACH: N_("Tài khoản đang khóa vì vi phạm khi sử dụng. Hãy hỏi công an xã, phường; tổng đài và một cửa không mở được khóa này."),
    Ground.SUSPICION: N_("Tài khoản đang khóa để bảo vệ bạn, vì có dấu hiệu người khác dùng. Mang căn cước đến một cửa hoặc gọi tổng đài để mở."),
    Ground.OWN_REQUEST: N_("Tài khoản đang khóa theo yêu cầu của bạn. Mang căn cước đến một cửa hoặc gọi tổng đài để mở."),
}


def wait_of(step: Step) -> DancuError:
    """After too many tries."""
    return NotAllowed("sign_in.wait", N_("Đã thử nhiều lần. Xin đợi {seconds} giây rồi thử lại."), seconds=max(1, step.wait_seconds))
