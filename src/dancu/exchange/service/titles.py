"""What ministries' data, ways of proving residence and confirmations are called, for rooms that speak of them."""

from __future__ import annotations

from typing import Final

from dancu.exchange.connectors.catalogue import connector
from dancu.exchange.models.confirmation import ConfirmationKind
from dancu.exchange.models.residence import Way
from dancu.kit.i18n import N_, gettext

WAYS: Final = {
    Way.LOOKUP: N_("Tra cứu trên hệ thống"), Way.ACCOUNT: N_("Tài khoản định danh mức 2"), Way.QR: N_("Quét mã QR trên thẻ"),
    Way.CHIP: N_("Đọc chip trên thẻ"), Way.CARD: N_("Xem thông tin in trên thẻ"), Way.NOTICE: N_("Thông báo số định danh cá nhân"),
    Way.CONFIRMATION: N_("Giấy xác nhận cư trú"),
}  # fmt: skip
CONFIRMATIONS: Final = {
    ConfirmationKind.RESIDENCE: N_("Xác nhận thông tin về cư trú"), ConfirmationKind.NUMBER: N_("Xác nhận số định danh cá nhân"),
    ConfirmationKind.CIVIL_STATUS: N_("Xác nhận tình trạng hôn nhân"),
}  # fmt: skip

_IDENTITY = {"name": N_("Họ và tên"), "birth": N_("Ngày sinh"), "sex": N_("Giới tính")}


def disputed(code: str, field: str) -> str:
    """"Bảo hiểm xã hội: Thời gian đóng: Từ tháng", in the language of the request."""
    one, (part, _, name) = connector(code), field.partition(".")
    if one is None:
        return field or code
    found, inner = one.part(part), one.field(field)
    words = [one.title, _IDENTITY.get(name, "") if part == "identity" else found.title if found else "", inner.title if inner else ""]
    return ": ".join(dict.fromkeys(gettext(word) for word in words if word))


def way_title(code: str) -> str:
    """"Quét mã QR trên thẻ" for "qr"; "" for what is no way of proving residence."""
    return gettext(WAYS[Way(code)]) if code in set(Way) else ""


def identity_word(field: str) -> str:
    """"Ngày sinh" for "birth"; "" for what is no field of identity."""
    return gettext(_IDENTITY[field]) if field in _IDENTITY else ""
