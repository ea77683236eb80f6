"""Driving licences: JSON in unaccented words, dates dd-mm-yyyy, class and regime apart since letters changed their meaning."""

from __future__ import annotations

from datetime import date
from typing import Any

from dancu.demo import personas
from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, swapped

_NEW = date(2025, 1, 1)


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    well_known = known.person.personal_id in (personas.HEAD_NUMBER, personas.HUSBAND_NUMBER, personas.SISTER_NUMBER)
    if not known.alive or known.age < 19 or known.age > 80 or not (well_known or draw.chance(420)):
        return None
    issued = known.day(draw, max(known.birthday(18), date(2012, 7, 1)))
    regime = "moi" if issued >= _NEW else "cu"
    car = draw.chance(300)
    kind = ("B" if regime == "moi" else "B2") if car else "A1"
    if known.person.personal_id == personas.HEAD_NUMBER:
        issued, regime, car, kind = date(2019, 5, 20), "cu", True, "B2"
    until = date(issued.year + 10, issued.month, min(issued.day, 28)).strftime("%d-%m-%Y") if car else ""
    state = "1"
    if not well_known and draw.chance(25):
        state = draw.one(("2", "3"))
    birth = known.birth("{d:02d}-{m:02d}-{y}", "{m:02d}-{y}")
    if known.person.personal_id == personas.HEAD_NUMBER or (not well_known and draw.chance(15)):
        birth = swapped(birth)  # typed in by hand when paper licences were entered
    return {
        "chu_giay_phep": {
            "so_cccd": known.person.personal_id, "ho_va_ten": known.person.name.upper(), "ngay_sinh": birth,
            "gioi_tinh": "nam" if known.person.sex == "M" else "nu",
        },
        "giay_phep": [{
            "so": f"49{draw.digits(10)}", "hang": kind, "che_do": regime, "ngay_cap": issued.strftime("%d-%m-%Y"), "den_ngay": until,
            "diem": 12 - draw.below(3) * draw.below(2), "tinh_trang": state, "noi_cap": "Phòng Cảnh sát giao thông",
        }],
        "cap_nhat_luc": known.today.strftime("%d-%m-%Y"),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    return as_json({"ok": True, "data": found})


def nobody() -> tuple[int, bytes, str]:
    return 404, *as_json({"ok": False, "loi": "khong_co"})


MINISTRY = Ministry(
    "driving_licence", "Giấy phép lái xe", "Driving licences", "/v1/giay-phep", "so_cccd", record, answer, nobody,
    number="chu_giay_phep.so_cccd", name="chu_giay_phep.ho_va_ten", birth="chu_giay_phep.ngay_sinh", updated="cap_nhat_luc",
    stale=lambda day: day[:6] + str(int(day[6:]) - 2), old={"giay_phep.0.tinh_trang": {"1": "HL", "2": "TG", "3": "TH"}}, wrong_birth=swapped,
)  # fmt: skip
