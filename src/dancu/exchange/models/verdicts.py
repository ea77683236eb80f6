"""Answers of calls in words: what a caller reads, for those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dancu.exchange.models.call import REFUSALS
from dancu.kit.i18n import N_

#: Stable code -> sentence.
VERDICTS: Final[Mapping[str, str]] = {
    **{code: sentence for code, (_, sentence) in REFUSALS.items()},
    "ok": N_("Đã trả lời"),
    "person.not_found": N_("Đã trả lời: không có người này"),
    "person.ambiguous": N_("Đã trả lời: có nhiều người như vậy"),
    "exchange.quota": N_("Đã dùng hết số lượt trong ngày theo thỏa thuận."),
    "exchange.consent": N_("Công dân chưa đồng ý."),
    "exchange.busy": N_("Hệ thống đang bận."),
    "exchange.log.lines": N_("Nhật ký nộp sai dạng hoặc quá dài."),
    "events.kind": N_("Đăng ký loại tin không có."),
    "events.mode": N_("Đăng ký nhận tin thiếu hoặc sai mục."),
    "events.batch": N_("Đăng ký nhận tin thiếu hoặc sai mục."),
    "events.relations": N_("Danh sách người có quan hệ sai dạng."),
    "events.subscription": N_("Không có đăng ký nhận tin này."),
    "events.after": N_("Vị trí đọc tin không đúng."),
    "events.after_ahead": N_("Vị trí đọc tin không đúng."),
    "events.paused": N_("Đăng ký nhận tin đang tạm dừng."),
    "events.too_many": N_("Quá nhiều đăng ký nhận tin hoặc quan hệ trong một lần."),
    "events.url_not_allowed": N_("Địa chỉ nhận tin không nằm trong danh sách được gọi ra."),
    "events.url_not_ready": N_("Địa chỉ nhận tin chưa sẵn sàng."),
    "events.dead_letter": N_("Không có tin bị trả lại này."),
    "lookup.request": N_("Yêu cầu tra cứu thiếu hoặc sai mục."),
    "lookup.fields": N_("Yêu cầu tra cứu thiếu hoặc sai mục."),
    "lookup.birth": N_("Yêu cầu tra cứu thiếu hoặc sai mục."),
    "verify.request": N_("Yêu cầu đối chiếu thiếu hoặc sai mục."),
    "verify.field": N_("Yêu cầu đối chiếu thiếu hoặc sai mục."),
    "verify.value": N_("Yêu cầu đối chiếu thiếu hoặc sai mục."),
    "person.number.length": N_("Số định danh không đủ chữ số."),
    "confirm.request": N_("Yêu cầu giấy xác nhận thiếu hoặc sai mục."),
    "residence.request": N_("Yêu cầu xác nhận cư trú thiếu hoặc sai mục."),
    "residence.consent": N_("Công dân chưa đồng ý."),
    "reconcile.run": N_("Không có lượt đối soát này."),
    "supply.rows": N_("Đợt gửi sự kiện trống hoặc quá nhiều dòng."),
    "supply.ref": N_("Đợt gửi sự kiện có dòng thiếu mã riêng."),
}
