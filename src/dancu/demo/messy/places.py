"""Places as clerks write them."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from random import Random

from dancu.demo.messy.text import plain
from dancu.territory.models import Unit
from dancu.territory.service import gazetteer

_SHORT = {
    "Phường": "P.", "Xã": "X.", "Thị trấn": "TT.", "Thành phố": "TP", "Thị xã": "TX", "Huyện": "H.", "Quận": "Q.",
    "Tỉnh": "T.",
}  # fmt: skip
# Districts under the names and kinds they had when the older books were written.
_FORMER = {
    "502": "Thị xã Tam Kỳ", "503": "Thị xã Hội An", "504": "Huyện Hiên", "505": "Huyện Hiên",
    "507": "Huyện Điện Bàn", "515": "Huyện Trà My", "516": "Huyện Trà My", "518": "Thị xã Tam Kỳ",
}  # fmt: skip
STYLES = ("full", "full", "full", "short", "bare", "bare", "no_marks")


@lru_cache(maxsize=20_000)
def chain(unit_id: int, as_of: date) -> tuple[Unit, ...]:
    """The unit and those above it."""
    units = gazetteer()
    return (units.unit(unit_id), *units.ancestors(unit_id, as_of))


@lru_cache(maxsize=20_000)
def _has_twin(unit_id: int, as_of: date) -> bool:
    """Whether another unit of the same parent has the same name but for the marks (Tam Dân, Tam Đàn)."""
    unit, *above = chain(unit_id, as_of)
    siblings = gazetteer().children(above[0].unit_id, as_of) if above else ()
    return any(plain(u.name) == plain(unit.name) and u is not unit for u in siblings)


def written(rng: Random, unit_id: int, as_of: date, style: str, front: str = "") -> str:
    """The place in a style: full, short ("P. Trường Xuân, TP Tam Kỳ"), bare (no kinds), no_marks, former
    (older district or province names), code (statistical code only), dotted_code
    (province.district.commune)."""
    units = chain(unit_id, as_of)
    if style in ("bare", "no_marks") and any(u.name.isdigit() for u in units):
        style = "short"  # "02, 8, Hồ Chí Minh" is no address
    if style == "no_marks" and _has_twin(unit_id, as_of):
        style = "bare"  # the truth must be knowable from what is written
    if style == "code":
        return units[0].code
    if style == "dotted_code":
        return ".".join(u.code for u in reversed(units))
    if style == "short":
        parts = [f"{_SHORT.get(u.kind.word, u.kind.word)} {u.name}" for u in units]
    elif style in ("bare", "no_marks"):
        parts = [u.name for u in units]
    elif style == "former":
        parts = [
            units[0].title,
            *(_FORMER.get(u.code, u.title) for u in units[1:-1]),
            "Tỉnh Quảng Nam - Đà Nẵng",
        ]
    else:
        parts = [f"{u.kind.word.lower()} {u.name}" for u in units]
    text = ", ".join(([front] if front else []) + parts)
    text = plain(text) if style == "no_marks" else text
    return text[0].upper() + text[1:]
