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
}
