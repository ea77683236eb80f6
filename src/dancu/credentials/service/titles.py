"""What documents and their states are called, for rooms that speak of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dancu.credentials.models import Document, Standing, State
from dancu.credentials.rules import KINDS
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.i18n import N_

#: State -> (status word of the pages, text).
STATES: Final[Mapping[State, tuple[str, str]]] = {
    State.VALID: ("done", N_("Còn giá trị")), State.EXPIRED: ("late", N_("Hết hạn")),
    State.SUSPENDED: ("refused", N_("Đang bị tạm giữ, đình chỉ")), State.REVOKED: ("refused", N_("Đã bị thu hồi")),
}  # fmt: skip
#: Its source says something of how it stands that we do not know: not good, and not told as a suspension either.
UNCLEAR: Final = ("late", N_("Chưa rõ, hỏi cơ quan cấp"))
STANDINGS: Final[Mapping[Standing, tuple[str, str]]] = {
    Standing.ASKED: ("us", N_("Đang hỏi cơ quan cấp")), Standing.CONTRADICTS: ("you", N_("Chưa tích hợp được")),
    Standing.NOT_FOUND: ("draft", N_("Không có ở cơ quan cấp")), Standing.UNREACHABLE: ("us", N_("Cơ quan cấp chưa trả lời")),
    Standing.NOT_CONNECTED: ("us", N_("Chờ cơ quan cấp kết nối")),
}  # fmt: skip


def document_title(code: str) -> str:
    """The msgid of a kind's title; the code itself for one we do not know."""
    return KINDS[code].title if code in KINDS else code


def state(document: Document) -> tuple[str, str] | None:
    """The state today, as status and text; None while it is not integrated."""
    kind = KINDS[document.kind]
    found = document.now(SYSTEM_CLOCK.today(), kind.until)
    if found is State.SUSPENDED and kind.state and not document.record.get(kind.state):
        return UNCLEAR
    return STATES[found] if found else None


def standing(document: Document) -> str:
    """Whether it is good, or where its integration stands: a msgid, "" where there is nothing to say."""
    found = state(document) or STANDINGS.get(document.standing)
    return found[1] if found else ""
