"""Dealing flaws out to rows, so that every kind is in every file that is large enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from dancu.demo.messy.dates import NOTATIONS
from dancu.demo.messy.text import DIRT, WHOLE_ROW, visible
from dancu.demo.messy.truth import Row


def plan(rng: Random, rows: int, shares: Mapping[str, float]) -> list[str | None]:
    """At most one structural flaw per row, in proportion, each at least once if `rows` allows."""
    wanted = [flaw for flaw, share in shares.items() for _ in range(max(1, round(share * rows)))][:rows]
    planned: list[str | None] = [*wanted, *([None] * (rows - len(wanted)))]
    rng.shuffle(planned)
    return planned


def soil(rng: Random, row: Row, share: float, text_columns: Sequence[str]) -> None:
    """Typographical dirt on some rows: the whole row in a legacy encoding, or single cells. Nothing lost."""
    if rng.random() >= share:
        return
    kind = rng.choice(tuple(DIRT))
    filled = [c for c in row.cells if isinstance(row.cells[c], str) and row.cells[c]]
    columns = filled if kind in WHOLE_ROW else [c for c in text_columns if c in filled]
    if kind not in WHOLE_ROW:
        columns = columns[:2] if kind == "caps" else [c for c in columns if rng.random() < 0.5] or columns[:1]
    columns = [c for c in columns if visible(kind, str(row.cells[c]))]
    for column in columns:
        row.cells[column] = DIRT[kind](rng, str(row.cells[column]))
    if columns:
        row.flaws.append(kind)


def date_style(rng: Random) -> str:
    """A notation: mostly the usual one."""
    return "dd/mm/yyyy" if rng.random() < 0.5 else rng.choice(NOTATIONS)
