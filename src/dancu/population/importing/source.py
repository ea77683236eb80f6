"""A file as chunks of cleaned rows, read in a thread ahead of the writing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import Final

from dancu.kernel.errors import Invalid
from dancu.kernel.names import Encoding, decode, detect_encoding, double_encoded, single_encoded
from dancu.kit.i18n import N_
from dancu.kit.sheets import Sheet, open_sheet
from dancu.population.importing.by_sex import side
from dancu.population.importing.matching import household_number
from dancu.population.importing.profile import Profile
from dancu.population.importing.row import Row
from dancu.population.importing.rows import RowReader

CHUNK: Final = 3_000
_SLACK: Final = 200  # a household is kept in one chunk if so many more rows are enough
_SAMPLE: Final = 1_000
_LEGACY: Final[tuple[Encoding, ...]] = ("tcvn3", "vni")


def file_hash(path: Path) -> bytes:
    """SHA-256 of a file's content: the same file again is known by it, wherever it lies. Raises
    Invalid("import.file.missing")."""
    if not path.is_file():
        raise Invalid("import.file.missing", N_("Không có tệp {name}. Hãy xem lại đường dẫn."), name=path.name)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


class Source:
    """The rows of one file under a profile, from after record `skip` on."""

    def __init__(self, path: Path, profile: Profile, as_of: date | None, today: date, skip: int = 0) -> None:
        self.sheet: Sheet = open_sheet(path, lambda row: _header(profile, row) is not None)
        header, encoding = _header(profile, self.sheet.header) or (self.sheet.header, "unicode")
        self.header = header
        rows = self.sheet.rows
        first = list(islice(rows, _SAMPLE))
        if double_encoded(cell for _, cells in first for cell in cells):
            first, rows = list(_mended(first)), _mended(rows)
        if first and (titles := _second_row(profile, header, first[0][1])) is not None:
            self.header = self.sheet.header = header = titles  # the rejects file has them in one row
            del first[0]
        if encoding == "unicode":
            encoding = detect_encoding(cell for _, cells in first for cell in cells)
        self._reader = RowReader(profile, header, encoding, as_of, today)
        self._rows: Iterator[tuple[int, list[str]]] = chain(first, rows)
        self._skip = skip
        self._held: Row | None = None
        self.ignored = tuple(title for title in profile.ignored(header) if not (self._reader.by_sex and side(title)))

    def chunk(self, size: int = CHUNK) -> list[Row]:
        """The next rows, cleaned; [] at the end. Cut between households where that is near."""
        rows: list[Row] = [self._held] if self._held is not None else []
        self._held = None
        for number, cells in self._rows:
            if number <= self._skip:
                continue
            row = self._reader.read(number, cells)
            if len(rows) >= size and not _same_household(rows[-1], row, len(rows) - size):
                self._held = row
                break
            rows.append(row)
        return rows

    def close(self) -> None:
        self.sheet.close()


def _second_row(profile: Profile, header: list[str], row: list[str]) -> list[str] | None:
    """The header where `row` under it goes on with titles below merged cells ("Cha" over "Họ tên" and "Năm sinh"); None
    where the row is a person's. A column that then still has no meaning is at least named among those ignored."""
    filled = max((i + 1 for i, cell in enumerate(row) if cell), default=0)
    header = header + [""] * (filled - len(header))  # without those on the right that are empty
    cells = [*row, *[""] * len(header)]
    at = profile.places(header)
    required = [at[c.field] for c in profile.columns if c.required]
    if any(cells[i] for i in required) or any(c.isdigit() for cell in row for c in cell):
        return None
    if not any(cells[i] and not title for i, title in enumerate(header)):
        return None
    titles, above = [], ""
    for title, below in zip(header, cells, strict=False):
        above = title or above
        both = f"{below} {above}"
        new = set(profile.places([below])) - set(at)
        titles.append(both if below and (profile.places([both]) or side(both)) else below if new or not title else title)
    return titles


def _mended(rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    return ((number, [single_encoded(cell) for cell in cells]) for number, cells in rows)


def _same_household(last: Row, row: Row, over: int) -> bool:
    number = household_number(row)
    return over < _SLACK and number != "" and number == household_number(last)


def _header(profile: Profile, row: list[str]) -> tuple[list[str], Encoding] | None:
    """The header in Unicode and the encoding it was in; None where it is not one of this profile."""
    if profile.recognises(row):
        return row, "unicode"
    single = [single_encoded(title) for title in row]
    if single != row and profile.recognises(single):
        return single, "unicode"
    for encoding in _LEGACY:
        decoded = [decode(title, encoding) for title in row]
        if profile.recognises(decoded):
            return decoded, encoding
    return None
