"""XLSX, streamed: openpyxl's read-only mode keeps one row in memory, a file the table of the book's texts."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

from dancu.kernel.errors import Invalid
from dancu.kit.sheets.sheet import TITLE_ROWS, Sheet, is_header, text_of

#: Bytes of a part of the book that are read without question, and how many times its size in the file it may be beyond that. Rows
#: of people are packed to a tenth or less; a hundredth or less is made to fill a memory.
_HARMLESS: Final = 64 << 20
_MOST_TIMES: Final = 200
#: Bytes of the table of texts, which is unpacked before the first row is read.
_MOST_TEXTS: Final = 512 << 20


def open_xlsx(path: Path, recognise: Callable[[list[str]], bool]) -> Sheet:
    """The first sheet that has a header of the profile. See `open_sheet`; raises Invalid("import.file.inflated") too, for a
    book that is small and unpacks to more than memory holds."""
    from dancu.kit.sheets.texts import open_book

    try:
        _refuse_inflated(path)
        book = open_book(path)
    except Invalid:
        raise
    except Exception as error:  # whatever XML and ZIP readers make of a broken book
        raise _broken(path) from error
    for number, page in enumerate(book.worksheets, 1):
        page.reset_dimensions()  # exporters write wrong ones, and rows beyond them would be lost
        rows = _rows(path, page.iter_rows(values_only=True))
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


def _rows(path: Path, rows: Iterator[tuple[object, ...]]) -> Iterator[list[str]]:
    """Raises Invalid where the book turns out to be broken further down."""
    while True:
        try:
            row = next(rows, None)
        except Exception as error:  # as above: sheets are unpacked and parsed while they are read
            raise _broken(path) from error
        if row is None:
            return
        yield [text_of(value) for value in row]


def _refuse_inflated(path: Path) -> None:
    with zipfile.ZipFile(path) as book:
        for part in book.infolist():
            swollen = part.file_size > _HARMLESS and part.file_size > _MOST_TIMES * part.compress_size
            if swollen or (part.file_size > _MOST_TEXTS and part.filename.endswith("sharedStrings.xml")):
                raise Invalid(
                    "import.file.inflated",
                    "Tệp {name} quá lớn khi giải nén. Hãy lưu lại dưới dạng CSV rồi gửi lại.",
                    name=path.name,
                )


def _broken(path: Path) -> Invalid:
    return Invalid("import.file.broken", "Không mở được tệp {name}: tệp hỏng hoặc không phải XLSX.", name=path.name)
