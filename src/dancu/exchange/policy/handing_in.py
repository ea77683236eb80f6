"""What a row that is handed in must say, before its content is looked at, and what a disagreement about it is about. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# What a row of a kind must say, and what it may say; all of it text. `document` is of all but a correction.
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {"birth": ("name", "sex", "birth", "registered_at"), "death": ("date",), "marriage": ("date",), "correction": ()}
_MAY: Final[Mapping[str, tuple[str, ...]]] = {
    "birth": ("birth_place", "origin", "ethnicity", "nationality", "document.issuer"), "death": ("place", "cause", "document.issuer"),
    "marriage": ("document.issuer",), "correction": ("field",),
}  # fmt: skip
_PAPER: Final = ("document.kind", "document.number", "document.date")
_PEOPLE: Final[Mapping[str, tuple[str, ...]]] = {"birth": ("mother", "father"), "death": ("",), "marriage": ("first", "second"), "correction": ("",)}
# What a case is about: of a birth the parent's name; of a correction what it names, in the words of data agreements.
FIELD: Final = {"birth": "name", "death": "life", "marriage": "marital", "correction": "name"}
ABOUT: Final = {
    "name": ("name", "full_name"), "birth": ("birth", "birth_date"), "sex": ("birth", "sex"), "birth_place": ("birth", "birth_unit"),
    "origin": ("birth", "origin_unit"), "ethnicity": ("trait", "ethnicity"), "religion": ("trait", "religion"),
    "nationality": ("trait", "nationality"), "marital": ("marital", "status"), "life": ("life", "status"), "address": ("residence", "permanent"),
}  # fmt: skip


def incomplete(kind: str, row: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(reasons, members): everything a row lacks before its content is looked at, so that it is mended once. `supply.missing`: a member
    that is needed, or no text of at most 300 letters; `supply.person`: number and name of somebody; `supply.parents`: neither parent."""
    needed = (*_NEEDS[kind], *(() if kind == "correction" else _PAPER))
    missing = [name for name in needed if not _is_text(at(row, name)) or not str(at(row, name)).strip()]
    missing += [name for name in _MAY[kind] if at(row, name) is not None and not _is_text(at(row, name))]
    if kind == "correction" and isinstance(row.get("field"), str) and row["field"] not in ABOUT and "field" not in missing:
        missing.append("field")
    persons = [whom for whom in _PEOPLE[kind] if kind != "birth" or row.get(whom) is not None]
    nameless = [
        name for whom in persons for name in (f"{whom}.number".lstrip("."), f"{whom}.name".lstrip("."))
        if not isinstance(at(row, name), str) or not str(at(row, name)).strip() or len(str(at(row, name))) > 200
    ]  # fmt: skip
    told = {"supply.missing": missing, "supply.person": nameless, "supply.parents": [] if persons else list(_PEOPLE[kind])}
    return tuple(code for code, names in told.items() if names), tuple(name for names in told.values() for name in names)


def at(row: Mapping[str, Any], path: str) -> Any:
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 300 and (value == "" or value.isprintable())
