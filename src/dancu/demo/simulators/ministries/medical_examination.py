"""Medical examinations: JSON in English words, ISO dates, a cursor instead of pages."""

from __future__ import annotations

from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import as_json, swapped

_KINDS = ("driver", "periodic", "employment", "vaccination")
_SIZE = 3


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if not known.alive or (known.person.index > 7 and not draw.chance(300)):
        return None
    visits = sorted(
        (
            {
                "date": f"{known.today.year - draw.below(5)}-{1 + draw.below(10):02d}-{1 + draw.below(28):02d}",
                "facility": draw.one(("Bệnh viện Đa khoa Quảng Nam", "Trung tâm Y tế Tam Kỳ")), "type": draw.one(_KINDS),
                "conclusion": draw.one(("class_1", "class_2", "class_2", "class_3")),
            }
            for _ in range(1 + draw.below(6))
        ),
        key=lambda one: one["date"], reverse=True,
    )  # fmt: skip
    return {
        "patient": {
            "identifier": known.person.personal_id, "name": known.person.name, "gender": "male" if known.person.sex == "M" else "female",
            "birthDate": known.birth("{y}-{m:02d}-{d:02d}", "{y}-{m:02d}"),
        },
        "entry": visits, "lastUpdated": f"{known.today.isoformat()}T02:00:00Z",
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    cursor = query.get("cursor", "")
    at = int(cursor[1:]) if cursor.startswith("c") and cursor[1:].isdigit() else 0
    rows = found["entry"][at : at + _SIZE]
    following = f"c{at + _SIZE}" if at + _SIZE < len(found["entry"]) else None
    return as_json({**found, "entry": rows, "next": following, "total": len(found["entry"])})


def nobody() -> tuple[int, bytes, str]:
    return 404, *as_json({"error": "unknown_patient"})


MINISTRY = Ministry(
    "medical_examination", "Khám sức khỏe", "Medical examination", "/fhir/examinations", "patient", record, answer, nobody,
    number="patient.identifier", name="patient.name", birth="patient.birthDate", updated="lastUpdated",
    stale=lambda day: str(int(day[:4]) - 2) + day[4:], old={"patient.gender": {"male": "M", "female": "F"}}, wrong_birth=swapped,
)  # fmt: skip
