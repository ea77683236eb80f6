"""The account's history in plain words."""

from __future__ import annotations

from dancu.accounts.models import Happening
from dancu.accounts.present.protection import GROUND
from dancu.kit.i18n import N_, gettext

_SENTENCES = {
    "signed_in": N_("Đăng nhập từ {device}"),
    "signed_in.assisted": N_("Đăng nhập từ {device}, có người hướng dẫn"),
    "sign_in_refused": N_("Có người nhập sai mật mã, không vào được"),
    "sign_in_refused.code": N_("Có người nhập đúng mật mã nhưng sai bước xác nhận thứ hai, không vào được"),
    "passcode_set": N_("Đặt mật mã mới"),
    "authenticator_added.passkey": N_("Thêm một khóa truy cập"),
    "authenticator_added.totp": N_("Có ứng dụng xác thực mới"),
    "authenticator_added.device": N_("Thêm khóa của một thiết bị"),
    "authenticator_removed.device": N_("Xóa khóa của một thiết bị"),
    "sign_in_refused.face": N_("Có người chụp ảnh chưa khớp khi đăng nhập, không vào được"),
    "authenticator_added.recovery": N_("Có mã dự phòng mới"),
    "authenticator_removed.passkey": N_("Xóa một khóa truy cập"),
    "authenticator_removed.totp": N_("Bỏ ứng dụng xác thực"),
    "authenticator_removed.recovery": N_("Bỏ mã dự phòng"),
    "authenticator_removed.passcode": N_("Bỏ mật mã"),
    "approved": N_("Tài khoản được duyệt"),
    "notified": N_("Gửi mã kích hoạt"),
    "undelivered": N_("Tin nhắn không đến được điện thoại của bạn"),
    "activated": N_("Tài khoản được kích hoạt"),
    "level": N_("Tài khoản lên mức {level}"),
    "level2_differs": N_("Ảnh mặt chưa khớp khi xin lên mức 2"),
    "contact_changed": N_("Đổi số điện thoại hoặc thư điện tử"),
    "sim_changed": N_("Nhà mạng báo số điện thoại của bạn đổi SIM"),
    "contact_asked": N_("Có yêu cầu đổi liên lạc tại quầy, chờ cán bộ thứ hai xác nhận"),
    "contact_kept": N_("Yêu cầu đổi liên lạc tại quầy đã dừng, liên lạc vẫn như cũ"),
    "contact_lapsed": N_("Yêu cầu đổi liên lạc tại quầy đã hết hạn, liên lạc vẫn như cũ"),
    "contact_objected": N_("Bạn đã phản đối việc đổi liên lạc"),
    "locked": N_("Khóa tài khoản: {why}"),
    "unlocked": N_("Mở khóa tài khoản"),
    "lock_refused": N_("Có đề nghị khóa tài khoản của bạn, không được chấp nhận"),
    "closed": N_("Đóng tài khoản"),
    "reopened": N_("Mở lại tài khoản đã đóng"),
    "recovery_begun": N_("Bắt đầu lấy lại tài khoản"),
    "recovered": N_("Đã lấy lại tài khoản"),
    "hotline_refused": N_("Có người gọi tổng đài nhưng không trả lời đúng câu hỏi"),
    "visit": N_("Làm việc tại điểm cấp định danh"),
    "approval_asked": N_("{org} hỏi ý kiến của bạn"),
    "approval_approved": N_("Bạn đã đồng ý một yêu cầu"),
    "approval_denied": N_("Bạn đã từ chối một yêu cầu"),
    "mandated": N_("{org} giao việc cho bạn"),
    "mandate_ended": N_("{org} thôi giao việc cho bạn"),
    "disowned": N_("Bạn báo có việc không phải mình làm"),
}
_OTHER = N_("Một thay đổi của tài khoản")
_SOMEWHERE = N_("một trình duyệt")
# What somebody else may have done with the account: these can be disowned, and that locks it.
DOUBTFUL = frozenset(
    {"signed_in", "passcode_set", "authenticator_added", "authenticator_removed", "contact_changed", "recovered", "activated"}
)
# Of these somebody was kept out: saying "not me" leads to advice alone.
KEPT_OUT = frozenset({"sign_in_refused", "hotline_refused"})
# Something out of the ordinary: shown in bold with the word.
UNUSUAL = N_("thiết bị mới")


def sentence(one: Happening, language: str) -> str:
    """What happened, in the reader's language."""
    kind, note = one.kind, one.note
    detail = str(note.get("way") or note.get("factor") or "")
    if kind == "sign_in_refused" and detail not in ("", "passcode", "face"):
        detail = "code"
    if note.get("assisted"):
        detail = "assisted"
    text = _SENTENCES.get(f"{kind}.{detail}") or _SENTENCES.get(kind, _OTHER)
    values = {
        "device": note.get("device") or gettext(_SOMEWHERE, language),
        "level": note.get("level", ""),
        "org": note.get("org", ""),
        "why": gettext(GROUND.get(note.get("ground", ""), _OTHER), language),
    }
    return gettext(text, language, **values)


def unusual(one: Happening) -> bool:
    return one.kind == "signed_in" and bool(one.note.get("new"))
