"""Electricity customers: JSON, contract holders, times in milliseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, swapped


def _ms(known: Known) -> int:
    return int(datetime(known.today.year, known.today.month, known.today.day, tzinfo=UTC).timestamp() * 1000)


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if not known.head or not known.alive:
        return None
    kwh = 70 + draw.below(220)
    return {
        "chuHopDong": {
            "giayTo": known.person.personal_id, "ten": known.person.name, "sinh": known.birth("{d:02d}.{m:02d}.{y}", "{m:02d}.{y}"),
        },
        "hopDong": [{
            "maKhachHang": f"PC05000{draw.digits(6)}", "diaChi": f"{known.household.address}, {known.place}", "mucDich": draw.one(("SH", "SH", "SH", "KD")),
            "thangGanNhat": f"{known.today.year}{max(known.today.month - 1, 1):02d}", "sanLuong": f"{kwh}.0", "tienDien": kwh * 2380,
            "conNo": draw.chance(40),
        }],
        "lucMs": _ms(known),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    return as_json({"code": 0, "result": found})


def nobody() -> tuple[int, bytes, str]:
    return 200, *as_json({"code": 44, "result": None})


MINISTRY = Ministry(
    "electricity", "Khách hàng dùng điện", "Electricity customers", "/crm/khach-hang", "giayTo", record, answer, nobody,
    number="chuHopDong.giayTo", name="chuHopDong.ten", birth="chuHopDong.sinh", updated="lucMs",
    stale=lambda ms: str(int(ms) - 2 * 365 * 86_400_000), old={"hopDong.0.mucDich": {"SH": "1", "KD": "2"}}, wrong_birth=swapped,
)  # fmt: skip
