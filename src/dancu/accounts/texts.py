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

# After what tells to call the hotline, where its number is known.
CALL: Final = N_("Tổng đài: {number}.")

# Before what a guardian is told: a parent has an account of their own, and maybe several children.
OF_CHILD: Final = N_("Về {name} (bạn giám hộ): {text}")
OF_SOMEBODY: Final = N_("Về người bạn giám hộ: {text}")

TEXTS: Final[dict[str, Template]] = {
    "received": Template(N_("Đã nhận hồ sơ đăng ký định danh {ref}. Trả lời chậm nhất ngày {due}.")),
    "differs": Template(
        N_(
            "Cán bộ đang xem lại hồ sơ định danh {ref}: {fields}. Nếu bạn không đăng ký, hãy báo công an xã, phường."
        )
    ),
    # To the phone that was typed: it need not be the person's, so nothing of the registry is in it.
    "refused_plain": Template(
        N_("Hồ sơ định danh {ref} chưa được duyệt. Mời bạn mang thẻ căn cước tới công an xã, phường để được giúp.")
    ),
    "refused": Template(N_("Hồ sơ định danh {ref} chưa được duyệt: {reason}")),
    "doorstep.conflict": Template(
        N_("Hồ sơ định danh làm tại nhà ngày {day} không nhận: bạn đang có hồ sơ khác hoặc đã ở mức 2. Nếu không phải bạn, gọi tổng đài để khóa.")
    ),
    "doorstep.refused": Template(
        N_("Hồ sơ định danh làm tại nhà ngày {day} chưa được nhận. Mời bạn mang thẻ căn cước tới công an xã, phường để được giúp.")
    ),
    "approved": Template(
        N_("Tài khoản định danh mức {level} đã duyệt. {gives} Mã kích hoạt {code}, dùng đến hết {until}, tại {url} Không đưa mã cho ai."), secret=True
    ),
    "reminder": Template(N_("Tài khoản định danh chờ kích hoạt đến hết {until}. {gives} Vào {url}, xin lại mã nếu cần.")),
    "lapsed": Template(
        N_("Mã kích hoạt định danh đã hết hạn. {gives} Gọi tổng đài hoặc ghé công an xã, phường để nhận mã mới.")
    ),
    "activated": Template(N_("Tài khoản định danh của bạn đã kích hoạt. Nếu không phải bạn, gọi tổng đài để khóa ngay.")),
    "level": Template(N_("Tài khoản định danh của bạn đã lên mức {level}. {gives}")),
    "authenticator_added": Template(
        N_("Tài khoản định danh vừa có thêm một cách đăng nhập. Nếu không phải bạn, gọi tổng đài để khóa ngay.")
    ),
    "authenticator_removed": Template(
        N_("Tài khoản định danh vừa bỏ một cách đăng nhập. Nếu không phải bạn, gọi tổng đài để khóa ngay.")
    ),
    "passcode_changed": Template(N_("Mật mã tài khoản định danh vừa được đổi. Nếu không phải bạn, gọi tổng đài để khóa ngay.")),
    "card.lost": Template(
        N_("Thẻ căn cước của bạn được ghi là đã báo mất, không dùng thẻ đó được nữa. Nếu bạn không báo, hãy hỏi ngay công an xã, phường.")
    ),
    "card.ready": Template(N_("Thẻ căn cước của bạn đã về. Mời bạn tới {place} để nhận, mang theo thẻ cũ nếu có.")),
    "card.ready_somewhere": Template(N_("Thẻ căn cước của bạn đã về. Mời bạn tới nơi đã làm thẻ để nhận, mang theo thẻ cũ nếu có.")),
    "contact_changed": Template(
        N_("Liên lạc của tài khoản định danh vừa được đổi. Nếu không phải bạn, gọi tổng đài để khóa ngay.")
    ),
    "exists": Template(N_("Có người vừa đăng ký định danh bằng số của bạn; bạn đã có tài khoản. Nếu là bạn, hãy đăng nhập.")),
    "exists.waiting": Template(
        N_("Có người vừa đăng ký định danh bằng số của bạn; bạn đã có tài khoản chờ kích hoạt. Nếu là bạn, xin mã mới tại {url}")
    ),
    "locked.own_request": Template(
        N_("Tài khoản định danh đã khóa theo yêu cầu của bạn. Mở lại tại một cửa, công an xã, phường hoặc tổng đài.")
    ),
    "locked.police_request": Template(
        N_("Tài khoản định danh của bạn bị khóa theo quyết định của cơ quan công an. Hỏi tại công an xã, phường.")
    ),
    "locked.death": Template(N_("Tài khoản định danh bị khóa vì có đăng ký khai tử. Nếu nhầm, hãy báo ngay tư pháp xã, phường.")),
    "locked.card_revoked": Template(
        N_("Tài khoản định danh bị khóa vì thẻ căn cước bị thu hồi. Hỏi công an xã, phường để được cấp thẻ.")
    ),
    # Nobody has activated it yet; the code comes when the lock ends.
    "held.card_revoked": Template(
        N_("Tài khoản định danh đã duyệt, chưa kích hoạt được: thẻ căn cước của bạn bị thu hồi. Làm thẻ ở công an xã, phường; có thẻ mới, mã kích hoạt gửi tới đây.")
    ),
    "locked.record_merged": Template(
        N_("Tài khoản định danh này bị khóa vì hồ sơ trùng đã được gộp. Hỏi công an xã, phường nếu bạn chưa có tài khoản khác.")
    ),
    "locked.breach": Template(N_("Tài khoản định danh của bạn bị khóa vì vi phạm khi sử dụng. Hỏi tại công an xã, phường.")),
    "locked.suspicion": Template(
        N_("Tài khoản định danh đã khóa để bảo vệ bạn, vì có dấu hiệu người khác dùng. Ra một cửa hoặc gọi tổng đài để mở.")
    ),
    "lock_refused": Template(
        N_("Có đề nghị khóa tài khoản định danh của bạn; cơ quan công an không chấp nhận. Bạn vẫn dùng tài khoản như thường; muốn biết thêm, hỏi công an xã, phường.")
    ),
    "unlocked": Template(N_("Tài khoản định danh của bạn đã mở khóa. Xin đăng nhập lại.")),
    "recovery.begun": Template(
        N_("Có người đang lấy lại tài khoản định danh của bạn. Nếu không phải bạn, gọi tổng đài để khóa ngay.")
    ),
    "recovery.link": Template(N_("Chọn mật mã mới cho tài khoản định danh tại {url} (15 phút). Không chuyển tin này cho ai."), secret=True),
    "recovered": Template(
        N_("Mật mã tài khoản định danh vừa được đặt lại, mọi nơi đã đăng xuất. Nếu không phải bạn, gọi tổng đài để khóa ngay.")
    ),
    "organisation.active": Template(N_("Tài khoản của tổ chức {org} đã được duyệt. Vào Tài khoản của tôi, mục Tổ chức của tôi, để giao việc.")),
    "organisation.refused": Template(N_("Tài khoản của tổ chức {org} chưa được duyệt: {reason}")),
    "organisation.mandated": Template(N_("Bạn được giao việc thay mặt {org}. Xem việc gì ở Tài khoản của tôi, mục Tổ chức của tôi.")),
    "organisation.mandate_ended": Template(N_("Bạn không còn được giao việc thay mặt {org}.")),
    "sim_changed": Template(
        N_("Nhà mạng báo số của bạn vừa chuyển sang SIM khác. Mã đăng nhập qua tin nhắn dùng lại từ {until}. Nếu không phải bạn, gọi tổng đài để khóa ngay.")
    ),
    "contact.changing": Template(
        N_("Có yêu cầu đổi liên lạc của tài khoản định danh. Nếu không phải bạn, bấm {url} để phản đối.")
    ),
    "contact.lapsed": Template(
        N_("Yêu cầu đổi liên lạc của tài khoản định danh đã hết hạn vì chưa có cán bộ thứ hai xác nhận; liên lạc vẫn như cũ. Còn cần đổi, mời bạn ra lại quầy.")
    ),
    "contact.kept": Template(N_("Yêu cầu đổi liên lạc của tài khoản định danh đã dừng; liên lạc vẫn như cũ.")),
}
