"""What a reader gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from dancu.kernel.errors import Invalid

TITLE_ROWS: Final = 15
"""The header is looked for among this many rows."""
NO_RESULT: Final = "#FORMULA!"
"""What a cell holds whose formula was never worked out: programs write such books without opening them in a spreadsheet."""
FAILED: Final = frozenset({NO_RESULT, "#REF!", "#VALUE!", "#NAME?", "#N/A", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
"""Cells that a spreadsheet, or we, could not work out."""


@dataclass(slots=True)
class Sheet:
    """`kind`: "csv", "xlsx", "parquet". `encoding` and `delimiter` as found (CSV only). `rows` starts after the
    header and can be iterated once; `number` in it counts records from 1, the header included."""

    kind: str
    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    encoding: str = "utf-8"
    delimiter: str = ","
    repaired: Callable[[], int] = lambda: 0  # cells decoded one by one, because they differ from their file
    close: Callable[[], None] = lambda: None


def is_header(rows: list[list[str]], recognise: Callable[[list[str]], bool]) -> int:
    """Which of the first rows is the header. Raises Invalid("import.file.header")."""
    for place, row in enumerate(rows):
        if recognise(row):
            return place
    raise Invalid(
        "import.file.header",
        "Không tìm thấy dòng tiêu đề trong {rows} dòng đầu: tên cột chưa khớp với mẫu nhập đã chọn.",
        rows=TITLE_ROWS,
    )


def text_of(value: Any) -> str:
    """A cell of a typed file as a person would have typed it: dates ISO, whole numbers without a decimal point."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


_COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r")


def disarmed(cell: str) -> str:
    """A cell of a CSV file that a spreadsheet shows instead of computing it: an apostrophe before what would begin a
    formula. So that `armed` gives back exactly what was there, one that reads as such a pair already gets one more."""
    return f"'{cell}" if cell.lstrip("'").startswith(_COMPUTED) else cell


def armed(cell: str) -> str:
    """What `disarmed` was given. An apostrophe before anything else is the cell's own ("'Dương")."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_COMPUTED) else cell
