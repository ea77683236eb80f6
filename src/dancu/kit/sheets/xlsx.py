"""XLSX, streamed: openpyxl's read-only mode keeps one row in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path

from dancu.kernel.errors import Invalid
from dancu.kit.sheets.sheet import TITLE_ROWS, Sheet, is_header, text_of


def open_xlsx(path: Path, recognise: Callable[[list[str]], bool]) -> Sheet:
    """The first sheet that has a header of the profile. See `open_sheet`."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
        raise Invalid(
            "import.file.broken", "Không mở được tệp {name}: tệp hỏng hoặc không phải XLSX.", name=path.name
        ) from error
    for number, page in enumerate(book.worksheets, 1):
        page.reset_dimensions()  # exporters write wrong ones, and rows beyond them would be lost
        rows = _rows(page.iter_rows(values_only=True))
        first = list(islice(rows, TITLE_ROWS))
        try:
            place = is_header(first, recognise)
        except Invalid:
            if number == len(book.worksheets):
                raise
            continue
        # Titles may go on in the row below, under merged cells: what stands there further right is a column too.
        width, below = (_filled(row) for row in [*first[place : place + 2], []][:2])
        data = chain(first[place + 1 :], rows)
        return Sheet(
            kind="xlsx",
            header=first[place][:width],
            rows=((n, (row + [""] * width)[: max(width, below)]) for n, row in enumerate(data, place + 2) if any(row)),
            close=book.close,
        )
    raise Invalid("import.file.broken", "Không mở được tệp {name}: tệp không có trang nào.", name=path.name)


def _filled(row: list[str]) -> int:
    """Cells up to the last one with something in it."""
    return max((i for i, cell in enumerate(row, 1) if cell), default=0)


def _rows(rows: Iterator[tuple[object, ...]]) -> Iterator[list[str]]:
    return ([text_of(value) for value in row] for row in rows)
