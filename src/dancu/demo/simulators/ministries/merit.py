"""People of merit: JSON, few of them, dates dd/mm/yyyy."""

from __future__ import annotations

from typing import Any

from dancu.demo import personas
from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, swapped


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    grandmother = known.person.personal_id == personas.GRANDMOTHER_NUMBER
    if not known.alive or not (grandmother or (known.age > 65 and draw.chance(80))):
        return None
    return {
        "doiTuong": {
            "soDinhDanh": known.person.personal_id, "hoTen": known.person.name, "ngaySinh": known.birth("{d:02d}/{m:02d}/{y}", "{m:02d}/{y}"),
        },
        "hoSo": [{
            "maHoSo": f"NCC-49-{draw.digits(5)}", "loai": "LS" if grandmother else draw.one(("TB", "BB", "CM", "LS")),
            "tyLe": None if grandmother else str(21 + draw.below(60)), "troCapThang": str(1_624_000 + 1000 * draw.below(3000)), "tuNam": str(1976 + draw.below(30)),
            "conHuong": "1",
        }],
        "ngay": known.today.strftime("%d/%m/%Y"),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    return as_json({"status": 1, "duLieu": found})


def nobody() -> tuple[int, bytes, str]:
    return 200, *as_json({"status": 0, "duLieu": None})


MINISTRY = Ministry(
    "merit", "Người có công", "People of merit", "/ncc/ho-so", "soDinhDanh", record, answer, nobody,
    number="doiTuong.soDinhDanh", name="doiTuong.hoTen", birth="doiTuong.ngaySinh", updated="ngay", stale=lambda day: day[:6] + str(int(day[6:]) - 2),
    old={"hoSo.0.loai": {"TB": "01", "BB": "02", "CM": "03", "LS": "04"}}, wrong_birth=swapped,
)  # fmt: skip
