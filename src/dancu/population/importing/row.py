"""One row of a file as the import knows it: what it says, where that is, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from dancu.population import models as m
from dancu.population.importing.places import NOWHERE, Place

_NO_SOURCE: Final = m.Source("")


@dataclass(slots=True)
class Row:
    """`values` by field, `places` by field, `notes`: findings, `doubts`: (code, field) that need a person, `problem`:
    (code, sentence) for which the row is refused."""

    line: int
    cells: list[str]
    fingerprint: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)
    problem: tuple[str, str] | None = None
    record_key: str | None = None
    source: m.Source = _NO_SOURCE
    era: date = date.max  # a day on which its places were called as the row calls them

    def get(self, name: str) -> Any:
        return self.values.get(name)

    def place(self, name: str) -> Place:
        return self.places.get(name, NOWHERE)

    def note(self, code: str, name: str = "") -> None:
        if (code, name) not in self.notes:
            self.notes.append((code, name))
