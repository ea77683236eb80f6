"""Social insurance: JSON in Vietnamese words, dates dd/mm/yyyy, months yyyymm, five lines a page."""

from __future__ import annotations

from datetime import date
from typing import Any

from dancu.demo import personas
from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, page, swapped

_PAGE = 5
_EMPLOYERS = (
    "Công ty TNHH May Trường Xuân", "Công ty CP Cơ khí Tam Kỳ", "Bệnh viện Đa khoa tỉnh", "Trường THCS Nguyễn Du",
    "Hợp tác xã Nông nghiệp Tam Ngọc", "Công ty CP Ô tô Chu Lai", "Công ty TNHH Giày Quảng Nam", "Ủy ban nhân dân phường",
)  # fmt: skip
_BENEFITS = (("OD", 1_250_000), ("TS", 27_600_000), ("DS", 2_340_000))


def _months(year: int, month: int, count: int) -> tuple[int, int]:
    at = year * 12 + month - 1 + count
    return at // 12, at % 12 + 1


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    age = known.age
    if age < 19 or not known.alive or not (draw.chance(560) or known.person.index < personas.PERSONAS):
        return None
    year, month = known.person.birth_year + 19 + draw.below(6), 1 + draw.below(12)
    lines: list[dict[str, str]] = []
    end = (known.today.year, known.today.month)
    wage = 3_200_000 + 100_000 * draw.below(30)
    while (year, month) < end and year - known.person.birth_year < 60 and len(lines) < 9:
        to = min(_months(year, month, 14 + draw.below(70)), _months(*end, -1))
        lines.append({
            "tuThang": f"{year:04d}{month:02d}", "denThang": f"{to[0]:04d}{to[1]:02d}", "donVi": draw.one(_EMPLOYERS),
            "loai": "01" if draw.below(8) else "02", "mucLuong": str(wage),
        })  # fmt: skip
        wage += 400_000
        # Between two employers some months pass; some are paid and were never entered.
        year, month = _months(*to, 1 + draw.below(3) * draw.below(2))
    if known.person.personal_id == personas.HEAD_NUMBER:
        lines = _HOA
    benefits = []
    if draw.chance(350):
        kind, amount = draw.one(_BENEFITS)
        benefits = [{"loai": kind, "tuNgay": f"{1 + draw.below(28):02d}/{1 + draw.below(12):02d}/2025", "soTien": str(amount)}]
    return {
        "nguoi": {
            "maSo": f"49{draw.digits(8)}", "soDDCN": known.person.personal_id, "hoTen": known.person.name.upper(),
            "ngaySinh": known.birth("{d:02d}/{m:02d}/{y}", "{m:02d}/{y}"), "gioiTinh": "1" if known.person.sex == "M" else "2",
        },
        "capNhat": date.fromordinal(known.today.toordinal() - 1).strftime("%d/%m/%Y"),
        "quaTrinh": lines, "cheDo": benefits,
        "thatNghiep": {"soThang": draw.below(36), "dangHuong": "1" if draw.chance(20) else "0"},
    }  # fmt: skip


# She worked at the factory in May 2019 as well: a month the employer paid for and the office never entered.
_HOA = [
    {"tuThang": "201208", "denThang": "201406", "donVi": _EMPLOYERS[6], "loai": "01", "mucLuong": "3400000"},
    {"tuThang": "201407", "denThang": "201904", "donVi": _EMPLOYERS[0], "loai": "01", "mucLuong": "4650000"},
    {"tuThang": "201906", "denThang": "202312", "donVi": _EMPLOYERS[0], "loai": "01", "mucLuong": "5720000"},
    {"tuThang": "202401", "denThang": "202610", "donVi": _EMPLOYERS[5], "loai": "01", "mucLuong": "7100000"},
]


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    rows, number, pages = page(found["quaTrinh"], query.get("trang", "1"), _PAGE)
    return as_json({"maKetQua": "00", **found, "quaTrinh": rows, "trang": number, "tongTrang": pages})


def nobody() -> tuple[int, bytes, str]:
    return 200, *as_json({"maKetQua": "04", "moTa": "Không tìm thấy người tham gia"})


MINISTRY = Ministry(
    "social_insurance", "Bảo hiểm xã hội", "Social insurance", "/api/v2/nguoi-tham-gia", "soDDCN", record, answer, nobody,
    number="nguoi.soDDCN", name="nguoi.hoTen", birth="nguoi.ngaySinh", updated="capNhat", stale=lambda day: day[:6] + str(int(day[6:]) - 2),
    old={"nguoi.gioiTinh": {"1": "Nam", "2": "Nu"}}, wrong_birth=swapped,
)  # fmt: skip
