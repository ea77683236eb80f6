"""Which column of a file means what: a list of columns with their titles, read from YAML. What is done with a row is the
room's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dancu.kernel.cells import CLEANERS
from dancu.kernel.text import fold_ascii

_WORDS: Final = re.compile(r"[^a-z0-9]+")
EXTRA: Final = ("_line", "_code", "_reason")
"""Columns that a rejects file has beside those of its source; ignored when it is read again."""


@dataclass(frozen=True, slots=True)
class Column:
    """`field` is what the program calls it; `header` how the column is written in the files."""

    field: str
    header: str
    clean: str
    aliases: frozenset[str]
    required: bool
    codes: str


@dataclass(frozen=True, slots=True)
class Columns:
    """`codes`: list name -> folded word -> value. `digest` changes with the profile: a row read under another
    profile is another row."""

    name: str
    title: str
    columns: tuple[Column, ...]
    codes: Mapping[str, Mapping[str, str]]
    digest: bytes

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Field -> place of its column in `header`; the first column that fits. Fields without one are left out."""
        keys = [header_key(title) for title in header]
        found: dict[str, int] = {}
        for column in self.columns:
            place = next((i for i, key in enumerate(keys) if key in column.aliases), None)
            if place is not None:
                found[column.field] = place
        return found

    def recognises(self, row: Sequence[str]) -> bool:
        """Is this the header? All required columns, and at least a third of the filled cells are ours."""
        found = self.places(row)
        filled = sum(1 for cell in row if cell.strip())
        return all(c.field in found for c in self.columns if c.required) and 3 * len(found) >= filled

    def ignored(self, header: Sequence[str]) -> list[str]:
        """Columns of the file that mean nothing to this profile."""
        known = set(self.places(header).values())
        return [t for i, t in enumerate(header) if i not in known and t.strip() and t not in EXTRA]


def header_key(title: str) -> str:
    """A column title without case, marks, spaces and punctuation: "Họ và tên " and "HO_VA_TEN" are one.

    >>> header_key("Họ và tên ")
    'hovaten'
    """
    return _WORDS.sub("", fold_ascii(title))


def read_columns(
    data: Mapping[str, Any]
) -> tuple[tuple[Column, ...], dict[str, dict[str, str]]]:
    """The columns and code lists of a profile's YAML. ValueError for a cleaner or a list that is not there."""
    columns = tuple(_column(field, spec) for field, spec in data["columns"].items())
    codes = {
        name: {fold_ascii(word): value for value, words in values.items() for word in (value, *words)}
        for name, values in data.get("codes", {}).items()
    }
    for column in columns:
        if column.clean not in CLEANERS or (column.codes and column.codes not in codes):
            raise ValueError(f"profile {data['name']}: column {column.field}")
    return columns, codes


def _column(field: str, spec: Mapping[str, Any]) -> Column:
    titles = (spec["header"], field, *spec.get("aliases", ()))
    return Column(
        field=field,
        header=spec["header"],
        clean=spec["clean"],
        aliases=frozenset(map(header_key, titles)),
        required=spec.get("required", False),
        codes=spec.get("codes", ""),
    )
