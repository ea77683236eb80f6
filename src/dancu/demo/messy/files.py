"""Writing rows as CSV, XLSX or Parquet, with the truth beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import orjson

from dancu.demo.messy.legacy import to_tcvn3, to_vni, to_windows_1258
from dancu.demo.messy.truth import Cell, Row

Format = Literal["csv", "xlsx", "parquet"]
Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "windows-1258", "tcvn3", "vni"]

_FONT: dict[str, Callable[[str], str]] = {"tcvn3": to_tcvn3, "vni": to_vni}


def truth_path(path: Path) -> Path:
    """`books.csv` -> `books.truth.jsonl`."""
    return path.with_name(path.stem + ".truth.jsonl")


def write(path: Path, columns: Sequence[str], rows: Iterable[Row], format: Format, encoding: Encoding) -> Path:
    """Write the file and its truth; answers the path of the truth. `encoding` tcvn3 and vni put the whole
    file, headers too, into font text (stored as UTF-8, as an export from such a spreadsheet has it)."""
    rows = list(rows)
    font = _FONT.get(encoding, str)
    table = [[_text(row.cells.get(column, ""), font) for column in columns] for row in rows]
    header = [font(column) for column in columns]
    {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}[format](path, header, table, rows, encoding)
    out = truth_path(path)
    out.write_bytes(b"".join(orjson.dumps(row.truth(n)) + b"\n" for n, row in enumerate(rows, 1)))
    return out


def _text(cell: Cell, font: Callable[[str], str]) -> Cell:
    return font(cell) if isinstance(cell, str) else cell


def _plain(cell: Cell) -> str:
    return f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell)


def _csv(path: Path, header: list[str], table: list[list[Cell]], rows: list[Row], encoding: Encoding) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for cells, row in zip(table, rows, strict=True):
        values = [_plain(cell) for cell in cells]
        writer.writerow(values + [""] * (3 if "trailing_commas" in row.flaws else 0))
    text = buffer.getvalue()
    if encoding == "windows-1258":
        path.write_bytes(to_windows_1258(text))
    else:
        path.write_bytes(text.encode("utf-8" if encoding in _FONT else encoding))


def _xlsx(path: Path, header: list[str], table: list[list[Cell]], rows: list[Row], encoding: Encoding) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append(header)
    for cells in table:
        sheet.append([None if cell == "" else cell for cell in cells])
    book.save(path)


def _parquet(path: Path, header: list[str], table: list[list[Cell]], rows: list[Row], encoding: Encoding) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = zip(*table, strict=True) if table else [[] for _ in header]
    arrays = [pa.array([_plain(cell) or None for cell in column], pa.string()) for column in columns]
    pq.write_table(pa.Table.from_arrays(arrays, names=header), path)
