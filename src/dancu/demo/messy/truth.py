"""A row of a messy file and the truth about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Cell = str | int | date


@dataclass(slots=True)
class Row:
    """`cells` by column name. The truth: `outcome` is what an import of this file alone into an empty
    registry, rows in order, should say (inserted, updated, unchanged, needs_review, rejected; `ignored` for
    an empty row, which is not counted); `acceptable` are outcomes a careful importer may also give; `flaws`
    what was done to the row; `person` the values that should be in the registry, with dates in ISO form and
    places as statistical codes of 2023; `same_as` the row (number in the file, from 1) that holds the same
    case."""

    cells: dict[str, Cell]
    outcome: str = "inserted"
    acceptable: tuple[str, ...] = ()
    flaws: list[str] = field(default_factory=list)
    person: dict[str, Any] | None = None
    same_as: int | None = None

    def decide(self, flaw: str, outcome: str | None = None, acceptable: Sequence[str] = ()) -> None:
        """Note a flaw, and what it means for the outcome."""
        self.flaws.append(flaw)
        if outcome:
            self.outcome = outcome
        self.acceptable = tuple(acceptable)

    def truth(self, number: int) -> dict[str, Any]:
        """The line of the truth file."""
        return {
            "row": number,
            "outcome": self.outcome,
            "acceptable": sorted({self.outcome, *self.acceptable}),
            "flaws": self.flaws,
            "same_as": self.same_as,
            "person": self.person,
        }
