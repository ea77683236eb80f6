"""Units and resolutions as plain data for JSON, the same on the command line and in the API."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from dancu.kernel.errors import Invalid
from dancu.territory.gazetteer import Gazetteer
from dancu.territory.models import Resolution, Unit


def unit_json(unit: Unit, g: Gazetteer, as_of: date | None = None) -> dict[str, Any]:
    """code, name, kind, full_name, unit_id, level, valid_from, valid_to (ISO dates, null = open)."""
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind.value,
        "full_name": g.full_name(unit.unit_id, as_of),
        "unit_id": unit.unit_id,
        "level": unit.level,
        "valid_from": unit.valid_from.isoformat() if unit.valid_from else None,
        "valid_to": unit.valid_to.isoformat() if unit.valid_to else None,
    }


def resolution_json(
    answer: Resolution, g: Gazetteer, as_of: date, translate: Callable[[str], str] = str
) -> dict[str, Any]:
    """status, candidates best first with confidence 0..1 and via, rest, note (through `translate`)."""
    candidates = []
    for c in answer.candidates:
        row = unit_json(c.unit, g, as_of)
        first = {name: row.pop(name) for name in ("code", "name", "kind")}
        candidates.append({**first, "confidence": c.confidence, **row, "via": c.via})
    body: dict[str, Any] = {"status": answer.status.value, "candidates": candidates, "rest": answer.rest}
    body["note"] = translate(answer.note) if answer.note else ""
    if answer.hamlet_id is not None:
        body["hamlet_id"] = answer.hamlet_id
    return body


def history_json(unit: Unit, g: Gazetteer, as_of: date) -> dict[str, Any]:
    """A unit with what stood above it on the day, what it came from and what became of it."""
    return {
        **unit_json(unit, g, as_of),
        "latitude": unit.latitude,
        "longitude": unit.longitude,
        "ancestors": [unit_json(u, g, as_of) for u in g.ancestors(unit.unit_id, as_of)],
        "predecessors": [unit_json(g.unit(i), g) for i in g.before(unit.unit_id)],
        "successors": [
            {"kind": s.kind.value, "effective": s.effective.isoformat(), "unit": unit_json(g.unit(s.successor_id), g)}
            for s in g.successions(unit.unit_id)
            if s.successor_id
        ],
    }


def day_of(text: str) -> date:
    """A day as yyyy-mm-dd or dd/mm/yyyy."""
    if m := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text.strip()):
        text = f"{m[3]}-{m[2]:0>2}-{m[1]:0>2}"
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        sentence = "Ngày phải viết dd/mm/yyyy hoặc yyyy-mm-dd."
        raise Invalid("territory.date", sentence) from error
