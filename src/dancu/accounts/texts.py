"""What the holder of an account is told by message. Short: a text message has 70 letters with Vietnamese marks, and the
first line is what a lock screen shows. Every notice that invites says in one sentence what the account gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class Template:
    """`text` may hold {placeholders}. `secret`: goes to the phone alone, never to e-mail."""

    text: str
    secret: bool = False


# What an account gives, in one sentence; the placeholder {gives} of every invitation.
GIVES: Final = N_("Một tài khoản để nộp hồ sơ tại nhà, xem giấy tờ của mình và không phải khai lại.")

TEXTS: Final[dict[str, Template]] = {
    "received": Template(N_("Đã nhận hồ sơ đăng ký định danh {ref}. Trả lời trước hết ngày {due}.")),
    "differs": Template(
        N_(
            "Hồ sơ định danh {ref} có điểm khác với dữ liệu dân cư: {fields}. Nếu bạn không đăng ký, hãy báo công an xã, phường."
        )
    ),
    "refused": Template(N_("Hồ sơ định danh {ref} chưa được duyệt: {reason}")),
    "approved": Template(
        N_("Tài khoản định danh mức {level} đã duyệt. {gives} Mã kích hoạt {code}, dùng đến hết {until}, tại {url}"), secret=True
    ),
    "reminder": Template(N_("Tài khoản định danh chờ kích hoạt đến hết {until}. {gives} Vào {url}, xin lại mã nếu cần.")),
    "lapsed": Template(
        N_("Mã kích hoạt định danh đã hết hạn. {gives} Gọi tổng đài hoặc ghé công an xã, phường để nhận mã mới.")
    ),
    "activated": Template(N_("Tài khoản định danh của bạn đã kích hoạt. Nếu không phải bạn, gọi tổng đài để khóa ngay.")),
    "level": Template(N_("Tài khoản định danh của bạn đã lên mức {level}. {gives}")),
    "contact_changed": Template(
        N_("Liên lạc của tài khoản định danh vừa được đổi. Nếu không phải bạn, gọi tổng đài để khóa ngay.")
    ),
    "exists": Template(N_("Có người vừa đăng ký định danh bằng số của bạn; bạn đã có tài khoản. Nếu là bạn, hãy đăng nhập.")),
}
