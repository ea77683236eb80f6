"""Land: JSON, areas with a decimal comma, dates yyyy.mm.dd."""

from __future__ import annotations

from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, swapped


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if not known.alive or not (known.head and (draw.chance(700) or known.person.index < 8)):
        return None
    plots = [
        {
            "thua": str(1 + draw.below(900)), "toBanDo": str(1 + draw.below(60)), "dienTich": f"{60 + draw.below(900)},{draw.below(10)}",
            "loaiDat": draw.one(("ODT", "ONT", "LUC", "CLN")), "soGiay": f"CS {draw.digits(6)}",
            "ngayCap": f"{2005 + draw.below(20)}.{1 + draw.below(12):02d}.{1 + draw.below(28):02d}", "noi": known.place,
        }
        for _ in range(1 + draw.below(2))
    ]
    return {
        "nguoiSuDung": {"soGiayTo": known.person.personal_id, "hoTen": known.person.name, "ngaySinh": known.birth("{y}.{m:02d}.{d:02d}", "{y}.{m:02d}")},
        "thuaDat": plots, "ngayDuLieu": known.today.strftime("%Y.%m.%d"),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    return as_json({"trangThai": "thanh_cong", "ketQua": found})


def nobody() -> tuple[int, bytes, str]:
    return 200, *as_json({"trangThai": "khong_co_du_lieu", "ketQua": None})


MINISTRY = Ministry(
    "land", "Đất đai", "Land", "/mplis/thua-dat", "soGiayTo", record, answer, nobody,
    number="nguoiSuDung.soGiayTo", name="nguoiSuDung.hoTen", birth="nguoiSuDung.ngaySinh", updated="ngayDuLieu",
    stale=lambda day: str(int(day[:4]) - 2) + day[4:], old={"thuaDat.0.loaiDat": {"ODT": "ODT-1993", "ONT": "T", "LUC": "2L", "CLN": "LN"}},
    wrong_birth=swapped,
)  # fmt: skip
