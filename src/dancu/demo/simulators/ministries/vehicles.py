"""Vehicles: JSON in English words, plates as on the plate, offset and count."""

from __future__ import annotations

from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, swapped

_SIZE = 2


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if not known.alive or known.age < 18 or not (draw.chance(480) or known.person.index < 2):
        return None
    items = []
    for _ in range(1 + draw.below(3)):
        car = draw.chance(200)
        made = known.today.year - draw.below(12)
        plate = f"92A-{draw.digits(3)}.{draw.digits(2)}" if car else f"92-{draw.one('BCDEFGHKLMN')}{1 + draw.below(9)} {draw.digits(3)}.{draw.digits(2)}"
        items.append({
            "plate": plate, "category": "M1" if car else "L3", "make": draw.one(("Toyota", "THACO Kia", "VinFast") if car else ("Honda", "Yamaha")),
            "firstRegistered": f"{made}-{1 + draw.below(10):02d}-{1 + draw.below(28):02d}",
            "inspectionUntil": f"{known.today.year + draw.below(2)}-{1 + draw.below(12):02d}-28" if car else None, "status": "ACT",
        })  # fmt: skip
    return {
        "owner": {"nationalId": known.person.personal_id, "fullName": known.person.name, "dob": known.birth("{y}{m:02d}{d:02d}", "{y}{m:02d}"),
                  "sex": known.person.sex},
        "items": items, "asOf": known.today.isoformat(),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    given = query.get("offset", "0")
    at = int(given) if given.isdigit() else 0
    return as_json({**found, "items": found["items"][at : at + _SIZE], "offset": at, "size": _SIZE, "count": len(found["items"])})


def nobody() -> tuple[int, bytes, str]:
    return 404, *as_json({"title": "Not Found", "status": 404})


MINISTRY = Ministry(
    "vehicles", "Đăng ký xe", "Vehicle registration", "/vehicles", "owner", record, answer, nobody,
    number="owner.nationalId", name="owner.fullName", birth="owner.dob", updated="asOf", stale=lambda day: str(int(day[:4]) - 2) + day[4:],
    old={"items.0.status": {"ACT": "01", "CAN": "09"}}, wrong_birth=swapped,
)  # fmt: skip
