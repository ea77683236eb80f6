"""What may be wrong with a ministry's system, switched on and off while it runs."""

from __future__ import annotations

import copy
from typing import Any

from dancu.demo.simulators.known import Ministry
from dancu.demo.simulators.shapes import get, put
from dancu.kit.i18n import N_

#: Fault -> what it does, in words.
FAULTS = {
    "slow": N_("Trả lời sau 8 giây"),
    "down": N_("Không phục vụ (503)"),
    "cut": N_("Câu trả lời bị cắt ngang"),
    "stale": N_("Dữ liệu cũ hai năm"),
    "wrong": N_("Trả lời về người khác"),
    "old_codes": N_("Dùng mã cũ"),
    "contradicts": N_("Họ tên, ngày sinh khác với dân cư"),
}
SLOW_SECONDS = 8.0
_SOMEBODY_ELSE = "049099000001"


def spoil(ministry: Ministry, record: dict[str, Any], faults: frozenset[str]) -> dict[str, Any]:
    """A record as a ministry with these faults would give it; the record itself stays."""
    if not faults & {"stale", "wrong", "old_codes", "contradicts"}:
        return record
    spoiled = copy.deepcopy(record)
    if "stale" in faults:
        put(spoiled, ministry.updated, _like(get(record, ministry.updated), ministry.stale(str(get(record, ministry.updated)))))
    if "wrong" in faults:
        put(spoiled, ministry.number, _SOMEBODY_ELSE)
    if "old_codes" in faults:
        for path, words in ministry.old.items():
            put(spoiled, path, words.get(str(get(record, path)), get(record, path)))
    if "contradicts" in faults:
        put(spoiled, ministry.birth, ministry.wrong_birth(str(get(record, ministry.birth))))
        put(spoiled, ministry.name, _other_name(str(get(record, ministry.name))))
    return spoiled


def _like(before: Any, text: str) -> Any:
    return int(text) if isinstance(before, int) else text


def _other_name(name: str) -> str:
    """The middle part lost, or found: what clerks of two offices write of one person."""
    words = name.split()
    return " ".join((words[0], words[-1])) if len(words) > 2 else f"{words[0]} Thị {words[-1]}"
