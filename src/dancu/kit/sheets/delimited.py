"""CSV in whatever encoding and with whatever delimiter it came."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Final

from dancu.kernel.errors import Invalid
from dancu.kit.sheets.encoding import LONGEST_LINE, Decoder, find_encoding
from dancu.kit.sheets.sheet import TITLE_ROWS, Sheet, armed, is_header

_DELIMITERS: Final = ",;\t|"
csv.field_size_limit(1 << 20)  # a cell of a megabyte is a lost quotation mark, not a cell


def open_csv(path: Path, recognise: Callable[[list[str]], bool]) -> Sheet:
    """See `open_sheet`. The encoding is decided once for the file; cells that contradict it are decoded alone."""
    found = find_encoding(path)
    decoder = Decoder(found)
    file = io.TextIOWrapper(
        path.open("rb", buffering=1 << 18), encoding=decoder.codec, errors=decoder.errors, newline=""
    )
    delimiter = _declared(file.readline(LONGEST_LINE))
    if delimiter is None:
        file.seek(0)
        delimiter = _delimiter(list(islice(_lines(file), TITLE_ROWS)))
        file.seek(0)
    rows = _rows(_lines(file), delimiter, decoder)
    first = list(islice(rows, TITLE_ROWS))
    place = is_header(first, recognise)
    data = chain(first[place + 1 :], rows)
    return Sheet(
        kind="csv",
        header=first[place],
        rows=((n, row) for n, row in enumerate(data, place + 2) if any(row)),
        encoding=found,
        delimiter=delimiter,
        repaired=lambda: decoder.repaired,
        close=file.close,
    )


def _lines(file: io.TextIOWrapper) -> Iterator[str]:
    """The lines from here on, one without an end cut into pieces."""
    return iter(partial(file.readline, LONGEST_LINE), "")


def _rows(lines: Iterable[str], delimiter: str, decoder: Decoder) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid(
                "import.file.broken",
                "Tệp hỏng ở gần dòng {line}: có lẽ thiếu dấu ngoặc kép đóng.",
                line=reader.line_num,
            ) from error
        if "'" in "\x1f".join(row):
            row = [armed(cell) for cell in row]
        yield decoder.mend(row)


def _declared(line: str) -> str | None:
    """The delimiter of a first line `sep=;`, as spreadsheets write it."""
    text = line.strip("\ufeff\r\n ")
    return text[4] if len(text) == 5 and text.startswith("sep=") else None


def _delimiter(lines: list[str]) -> str:
    """The delimiter that cuts the most alike lines into the most cells."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:  # a cell that never ends: reading the rows will say so
            return (0, -_DELIMITERS.index(delimiter))
        widest = max(widths, default=0)
        return (widest if widths.count(widest) > 1 or len(widths) == 1 else widest // 2, -_DELIMITERS.index(delimiter))

    return max(_DELIMITERS, key=score)
