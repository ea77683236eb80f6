"""Health insurance: XML, dates yyyymmdd, men 1 and women 0."""

from __future__ import annotations

from datetime import date
from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import XML, as_xml, swapped

_PLACES = (("49001", "Bệnh viện Đa khoa Quảng Nam"), ("49172", "Trạm Y tế phường Trường Xuân"), ("49005", "Trung tâm Y tế Tam Kỳ"))


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if not known.alive or (known.person.index > 7 and not draw.chance(930)):
        return None
    kind, level = ("TE", "1") if known.age < 6 else ("HS", "4") if known.age < 19 else ("BT", "2") if known.age > 79 else ("GD", "4")
    if 19 <= known.age <= 60 and draw.chance(450):
        kind = "DN"
    place = draw.one(_PLACES)
    year = known.today.year
    lapsed = known.person.index > 7 and draw.chance(60)
    begin, end = (date(year - 1, 1, 1), date(year - 1, 12, 31)) if lapsed else (date(year, 1, 1), date(year, 12, 31))
    used = [
        {"Ngay": f"{year}{1 + draw.below(10):02d}{1 + draw.below(28):02d}", "NoiKCB": place[1], "QuyTra": 45_000 + 1000 * draw.below(800)}
        for _ in range(draw.below(4))
    ]
    return {
        "ChuThe": {
            "CCCD": known.person.personal_id, "HoTen": known.person.name, "NgaySinh": known.birth("{y}{m:02d}{d:02d}", "{y}{m:02d}"),
            "GioiTinh": "1" if known.person.sex == "M" else "0",
        },
        "The": {
            "MaThe": f"{kind}{level}49{draw.digits(10)}", "TuNgay": begin.strftime("%Y%m%d"), "DenNgay": end.strftime("%Y%m%d"),
            "MucHuong": level, "MaNoiKCB": place[0], "NoiKCB": place[1], "TrangThai": "HH" if lapsed else "CGT",
        },
        "LuotKCB": used, "ThoiDiem": known.today.strftime("%Y%m%d"),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    return as_xml("TheBHYT", {"MaKQ": "000", **found})


def nobody() -> tuple[int, bytes, str]:
    body, _ = as_xml("TheBHYT", {"MaKQ": "010", "GhiChu": "Không có thẻ"})
    return 200, body, XML


MINISTRY = Ministry(
    "health_insurance", "Bảo hiểm y tế", "Health insurance", "/TraCuu", "cccd", record, answer, nobody,
    number="ChuThe.CCCD", name="ChuThe.HoTen", birth="ChuThe.NgaySinh", updated="ThoiDiem", stale=lambda day: str(int(day[:4]) - 2) + day[4:],
    old={"The.TrangThai": {"CGT": "1", "HH": "0"}}, wrong_birth=swapped,
)  # fmt: skip
