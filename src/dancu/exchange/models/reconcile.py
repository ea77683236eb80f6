"""Reconciling in bulk: what a row of a partner's file says, what came of it, and a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dancu.kernel.dates import PartialDate


class Outcome(StrEnum):
    """`MATCHED`: one person, and every field compared agrees. `DIFFERS`: one person, some fields do not. `AMBIGUOUS`: one or
    several may be meant, none for sure. `NOT_FOUND`: nobody. `DEAD`: one person, who is dead. `DUPLICATE`: the person an
    earlier row of the file met. `REJECTED`: the row cannot be read."""

    MATCHED = "matched"
    DIFFERS = "matched_with_differences"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"
    DEAD = "dead"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(slots=True)
class Declared:
    """One row, read and cleaned. `line`: its record in the file, the header being 1. `folded`, `ascii`: keys of the name
    (kernel.names). `vague`: the birth date is a first of January, which many files write for "not known". `number`: the
    digits as they stand; `numbers`: which numbers they may mean. `relation`: to the head, a word of the registry or "".
    `areas`: communes of today the address may mean; `front`: what stands before the commune, lower-case ASCII. `problem`:
    (code, sentence) for which the row cannot be compared."""

    line: int
    cells: list[str]
    ref: str = ""
    name: str = ""
    folded: str = ""
    ascii: str = ""
    born: PartialDate | None = None
    vague: bool = False
    sex: str = ""
    number: str = ""
    numbers: tuple[str, ...] = ()
    head_number: str = ""
    head_name: str = ""
    head_folded: str = ""
    relation: str = ""
    address: str = ""
    areas: tuple[int, ...] = ()
    front: str = ""
    problem: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What the partner learns of one row. `score`: how sure the match is, 0 to 1. `differs`: field -> "no" (contradicts),
    "close" (a difference people make) or "old" (a number that was replaced); only fields the agreement names. `number`: the
    present personal number where the agreement releases it. `first_line`: of the row that met the same person before.
    `code`: why a row was rejected."""

    line: int
    ref: str
    outcome: Outcome
    score: float = 0.0
    differs: Mapping[str, str] = field(default_factory=dict)
    number: str = ""
    first_line: int = 0
    code: str = ""

    def as_json(self) -> dict[str, Any]:
        """Without what is empty."""
        line: dict[str, Any] = {"line": self.line, "ref": self.ref, "outcome": self.outcome.value, "score": self.score}
        if self.differs:
            line["differs"] = dict(self.differs)
        if self.number:
            line["personal_id"] = self.number
        if self.first_line:
            line["first_line"] = self.first_line
        if self.code:
            line["code"] = self.code
        return line


class RunState(StrEnum):
    """`WAITING`: for its file or for somebody to work on it. `ERASED`: its results were kept as long as they may be."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    ERASED = "erased"


@dataclass(slots=True)
class Run:
    """One file of one partner on one set of terms. `position`: record up to which outcomes are committed, `chunks` in so many
    transactions. `counts`: outcome -> rows, and "entries" [first, end) of the evidence."""

    run_no: int
    org_code: str
    client_no: int
    digest: bytes
    file_name: str
    kind: str
    profile: str
    weights: str
    released: frozenset[str]
    purpose: str
    legal_basis: str
    case_ref: str
    officer: str
    request_id: str
    state: RunState
    failure: str
    position: int
    chunks: int
    counts: dict[str, int]
    seconds: float
    created_at: datetime
    finished_at: datetime | None
