"""Housing: XML with short tags, dates dd/mm/yyyy."""

from __future__ import annotations

from typing import Any

from dancu.demo.simulators.known import Draw, Known, Ministry
from dancu.demo.simulators.shapes import XML, as_xml, swapped


def record(known: Known, draw: Draw) -> dict[str, Any] | None:
    if not known.alive or not (known.head and (draw.chance(600) or known.person.index < 8)):
        return None
    return {
        "CHU": {"SO": known.person.personal_id, "TEN": known.person.name, "NS": known.birth("{d:02d}/{m:02d}/{y}", "{m:02d}/{y}")},
        "NHA": [{
            "MA": f"NH{draw.digits(7)}", "LOAI": draw.one(("RL", "RL", "CC")), "DT": str(40 + draw.below(160)), "TANG": str(1 + draw.below(4)),
            "NAM": str(1990 + draw.below(35)), "DC": f"{known.household.address}, {known.place}",
        }],
        "TD": known.today.strftime("%d/%m/%Y"),
    }  # fmt: skip


def answer(found: dict[str, Any], query: dict[str, str]) -> tuple[bytes, str]:
    return as_xml("KQ", {"MA": "1", **found})


def nobody() -> tuple[int, bytes, str]:
    return 200, as_xml("KQ", {"MA": "0"})[0], XML


MINISTRY = Ministry(
    "housing", "Nhà ở", "Housing", "/qlno/nha", "so", record, answer, nobody,
    number="CHU.SO", name="CHU.TEN", birth="CHU.NS", updated="TD", stale=lambda day: day[:6] + str(int(day[6:]) - 2),
    old={"NHA.0.LOAI": {"RL": "1", "CC": "2"}}, wrong_birth=swapped,
)  # fmt: skip
