"""A book's table of texts, kept in a file: a book of a million rows has some millions of them, and its cells name them by place."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from typing import IO, Any, Final

from openpyxl import Workbook
from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.worksheet import _read_only
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from dancu.kit.sheets.sheet import NO_RESULT

_TEXT: Final = f"{{{SHEET_MAIN_NS}}}si"
_WIDTH: Final = 8  # bytes of a text's end
#: Texts kept at hand: words of a list ("Nam", "con") and the household's address stand in row after row.
_REMEMBERED: Final = 2_048


class Texts:
    """Behaves as the list of texts that cells are looked up in. Closed when the last who holds it lets go."""

    def __init__(self, xml: IO[bytes]) -> None:
        self._written, self._ends = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed with this
        self._count = end = 0
        parts = iterparse(xml, events=("start", "end"))
        _, root = next(parts)
        for event, node in parts:
            if event == "end" and node.tag == _TEXT:
                text = Text.from_tree(node).content.replace("x005F_", "").encode("utf-8", "surrogatepass")
                end += self._written.write(text)
                self._ends.write(end.to_bytes(_WIDTH, "little"))
                self._count += 1
                root.clear()  # or the tree of what was read would grow behind us
        self._written.flush()
        self._ends.flush()
        self._recent = lru_cache(maxsize=_REMEMBERED)(self._read)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> str:
        """Raises IndexError for a text the book does not have."""
        if not 0 <= place < self._count:
            raise IndexError(place)
        return self._recent(place)

    def _read(self, place: int) -> str:
        ends = os.pread(self._ends.fileno(), 2 * _WIDTH, max(place - 1, 0) * _WIDTH)
        start, end = (0, *_numbers(ends))[:2] if place == 0 else _numbers(ends)
        return os.pread(self._written.fileno(), end - start, start).decode("utf-8", "surrogatepass")


class _Parser(WorkSheetParser):  # type: ignore[misc] # openpyxl has no types
    def parse_cell(self, element: Any) -> dict[str, Any]:
        """A formula whose result no spreadsheet has stored is not an empty cell (one whose result is no text is)."""
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.get("t") != "str" and element.find(FORMULA_TAG) is not None:
            cell["value"] = NO_RESULT
        return cell


_read_only.WorkSheetParser = _Parser  # openpyxl leaves no other way to see a cell's formula and its result in one reading


class _Reader(ExcelReader):  # type: ignore[misc] # openpyxl has no types
    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as xml:
                self.shared_strings: Any = Texts(xml)


def open_book(path: os.PathLike[str]) -> Workbook:
    """The book, read row by row, with its texts in a file. Raises whatever XML and ZIP readers make of a broken one."""
    reader = _Reader(path, read_only=True, data_only=True)
    reader.read()
    return reader.wb


def _numbers(raw: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(raw[at : at + _WIDTH], "little") for at in range(0, len(raw), _WIDTH))
