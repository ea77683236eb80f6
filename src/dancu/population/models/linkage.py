"""What comparing rows of a file with the registry asks for and gets. For the comparing program alone; never shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Probe:
    """What one row says, as far as somebody can be found by it; "" and None where it does not. `name`: lower-case ASCII
    words; `folded`: the head's name with one tone placement. `areas`: communes of today the row's address may mean.
    `numbers`: personal numbers or CMND the row may mean."""

    numbers: tuple[str, ...]
    name: str
    year: int | None
    month: int | None
    day: int | None
    head_number: str
    head_name: str
    head_folded: str
    areas: tuple[int, ...]


class Candidate(NamedTuple):
    """A person of the registry compared with the row at `line` of a chunk. `names`: all names, "|" between them, the present
    first. `numbers`: space-separated, each with two letters before it: kind (p personal, c CMND) and state (a, c, r).
    `in_area`: one of the row's communes is a present home. `head_number`: the head of the household bears the number the
    row names; `head_name`: 2 has the name, 1 but for marks, 0 has another; None: nothing to compare."""

    line: int
    person_key: int
    names: str
    birth_year: int | None
    birth_month: int | None
    birth_day: int | None
    sex: str
    numbers: str
    alive: bool
    in_area: bool | None
    unit_id: int | None
    address: str | None
    hamlet_id: int | None
    household_key: int | None
    relation: str | None
    head_number: bool | None
    head_name: int | None
