"""Cells that stand in each other's column. Moved only where no other reading makes sense: at least one of the two cannot be
read where it stands, and both can where the other stands."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

from dancu.kernel import cells
from dancu.kernel.cells import CLEANERS, Cell

#: Notes by which a cleaner says that it could not make anything of a cell.
UNREAD: Final = frozenset({"code.unknown", "nationality.unknown", "contact.phone", "person.name.digits"})
_OWN: Final = ("name", "birth", "sex", "ethnicity", "nationality", "personal_id", "cmnd", "phone")
#: Groups of columns that stand side by side and are taken for each other.
GROUPS: Final = (
    _OWN,
    *(tuple(f"{parent}_{what}" for what in ("name", "birth", "ethnicity", "nationality", "number")) for parent in ("mother", "father")),
)
#: Columns that take any text: what they hold is no reason to believe that it belongs there.
_ANYTHING: Final = frozenset({"name", "text", "ethnicity"})


def swapped(
    raw: Mapping[str, str], odd: frozenset[str], clean: Mapping[str, str], codes: Mapping[str, Mapping[str, str]]
) -> dict[str, Cell]:
    """What the cells of a row mean once those that changed places stand where they belong; {} where none did. `raw` and
    `clean` (the cleaner's name) by field, `odd`: fields that could not be read, `codes` of the fields that have a list."""
    found: dict[str, Cell] = {}
    for group in GROUPS:
        for one, other in combinations(group, 2):
            if odd.isdisjoint((one, other)) or not (raw.get(one) and raw.get(other)):
                continue
            if one in found or other in found or not all(f in odd or clean[f] in _ANYTHING for f in (one, other)):
                continue
            words = 1 if odd.issuperset((one, other)) else 2
            here, there = (_read(f, raw[g], clean, codes, words) for f, g in ((one, other), (other, one)))
            if here is not None and there is not None:
                found[one], found[other] = here, there
    return found


def _read(
    field: str, text: str, clean: Mapping[str, str], codes: Mapping[str, Mapping[str, str]], words: int
) -> Cell | None:
    """The text in that column; None where it does not belong there beyond doubt. `words`: the fewest of a name."""
    kind = clean[field]
    if kind == "ethnicity" and not cells.known_people(text):
        return None
    if kind == "name" and len(text.split()) < words:
        return None
    clean_it: Any = CLEANERS[kind]
    cell: Cell = clean_it(text, codes[field]) if field in codes else clean_it(text)
    return cell if cell.value is not None and not UNREAD.intersection(cell.notes) else None
