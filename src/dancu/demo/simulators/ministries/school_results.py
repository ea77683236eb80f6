"""School results: JSON in unaccented words, school years, pages of four."""

from __future__ import annotations

from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, page, swapped

_PAGE = 4


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if not known.alive or not 7 <= known.age <= 30 or not (draw.chance(850) or known.person.index < 8):
        return None
    first = known.person.birth_year + 6
    classes = min(12, known.today.year - first + (known.today.month >= 9) - 1)
    rows = [
        {
            "nam_hoc": f"{first + at}-{first + at + 1}", "lop": at + 1, "truong": f"Trường {'TH' if at < 5 else 'THCS' if at < 9 else 'THPT'} {known.place}",
            "hoc_luc": draw.one("TTKKD"), "ren_luyen": draw.one("TTTK"),
        }
        for at in range(classes)
    ]
    if not rows:
        return None
    return {
        "hoc_sinh": {"ma_dinh_danh": known.person.personal_id, "ho_ten": known.person.name, "ngay_sinh": known.birth("{d}/{m}/{y}", "{m}/{y}"),
                     "gioi_tinh": known.person.sex == "F"},
        "ket_qua": rows[::-1], "dong_bo": known.today.isoformat(),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    rows, number, pages = page(found["ket_qua"], query.get("page", "1"), _PAGE)
    return as_json({**found, "ket_qua": rows, "page": number, "pages": pages})


def nobody() -> tuple[int, bytes, str]:
    return 404, *as_json({"detail": "not found"})


MINISTRY = Ministry(
    "school_results", "Kết quả học tập", "School results", "/csdl/hoc-ba", "ma_dinh_danh", record, answer, nobody,
    number="hoc_sinh.ma_dinh_danh", name="hoc_sinh.ho_ten", birth="hoc_sinh.ngay_sinh", updated="dong_bo",
    stale=lambda day: str(int(day[:4]) - 2) + day[4:], old={"ket_qua.0.hoc_luc": {"T": "G", "K": "Kh", "D": "TB"}}, wrong_birth=swapped,
)  # fmt: skip
