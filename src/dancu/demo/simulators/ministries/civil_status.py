"""Civil status: XML, dates yyyy-mm-dd, register entries."""

from __future__ import annotations

from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import XML, as_xml, swapped


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if known.person.birth_year < 1960 or not (draw.chance(800) or known.person.index < 8):
        return None
    entries = [{
        "Loai": "KS", "So": f"{known.person.index % 240 + 1:02d}/{known.person.birth_year}", "Ngay": known.birth("{y}-{m:02d}-{d:02d}", "{y}-{m:02d}"),
        "CoQuan": f"Ủy ban nhân dân {known.place}",
    }]  # fmt: skip
    if known.person.married_on:
        on = known.person.married_on
        entries.append({"Loai": "KH", "So": f"{on.toordinal() % 240 + 1:02d}/{on.year}", "Ngay": on.isoformat(), "CoQuan": f"Ủy ban nhân dân {known.place}"})
    return {
        "CongDan": {
            "SoDinhDanh": known.person.personal_id, "HoTen": known.person.name, "NgaySinh": known.birth("{y}-{m:02d}-{d:02d}", "{y}-{m:02d}"),
            "GioiTinh": "Nam" if known.person.sex == "M" else "Nữ",
        },
        "SuKien": entries, "CapNhat": known.today.isoformat(),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    return as_xml("HoTich", {"KetQua": "OK", **found})


def nobody() -> tuple[int, bytes, str]:
    return 404, as_xml("HoTich", {"KetQua": "KHONG_CO"})[0], XML


MINISTRY = Ministry(
    "civil_status", "Hộ tịch", "Civil status", "/ws/tra-cuu", "soDinhDanh", record, answer, nobody,
    number="CongDan.SoDinhDanh", name="CongDan.HoTen", birth="CongDan.NgaySinh", updated="CapNhat",
    stale=lambda day: str(int(day[:4]) - 2) + day[4:], old={"SuKien.0.Loai": {"KS": "1", "KH": "2"}}, wrong_birth=swapped,
)  # fmt: skip
