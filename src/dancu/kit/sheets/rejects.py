"""The file of refused rows: the columns of the source as they came, then which row it was and why. It is corrected
where it stands and imported again with the same profile, which passes over the added columns."""

from __future__ import annotations

import csv
import os
from collections.abc import AsyncIterator
from itertools import count as count_from
from itertools import zip_longest
from pathlib import Path
from typing import Any

from dancu.kernel.errors import Invalid
from dancu.kit.sheets import Sheet, open_sheet
from dancu.kit.sheets.columns import EXTRA
from dancu.kit.sheets.sheet import disarmed

Refused = AsyncIterator[tuple[int, list[str], str, str]]


def beside(path: Path) -> Path:
    """Where the rejects of a file go: "so.csv" -> "so.rejects.csv"."""
    return path.with_name(f"{path.stem}.rejects{path.suffix.lower()}")


async def write(path: Path, sheet: Sheet, rows: Refused) -> int:
    """Write the file anew, whole or not at all; returns the number of rows. Without rows there is no file.

    A file of that name that says something else is somebody's work of correction: it is kept beside it, see `kept_before`.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    writer = {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}[sheet.kind]
    try:
        part.touch(mode=0o600)  # rows of people: for who imports, not for the whole machine
        count = await writer(part, sheet, rows)
        if count:
            with part.open("rb") as file:
                os.fsync(file.fileno())
            if path.exists() and not _same(path, part):
                path.replace(_free(path))
            part.replace(path)
        else:
            path.unlink(missing_ok=True)
    finally:
        part.unlink(missing_ok=True)
    return count


def kept_before(path: Path) -> list[Path]:
    """Files of rejects that were corrected where they stood and would have been written over, oldest first."""
    return [found for n in range(1, 100) if (found := path.with_name(f"{path.stem}.{n}{path.suffix}")).exists()]


def _free(path: Path) -> Path:
    numbered = (path.with_name(f"{path.stem}.{n}{path.suffix}") for n in count_from(1))
    return next(candidate for candidate in numbered if not candidate.exists())


def _same(one: Path, other: Path) -> bool:
    """Do the files say the same, whatever their bytes? One that cannot be read does not."""
    try:
        sheets = [open_sheet(path, lambda row: EXTRA[0] in row) for path in (one, other)]
    except Invalid:
        return False
    try:
        pairs = zip_longest(*(sheet.rows for sheet in sheets))
        return sheets[0].header == sheets[1].header and all(a and b and a[1] == b[1] for a, b in pairs)
    except Invalid:
        return False
    finally:
        for sheet in sheets:
            sheet.close()


def _line(sheet: Sheet, row: tuple[int, list[str], str, str], kept: list[int]) -> list[Any]:
    number, cells, code, reason = row
    return [cells[i] if i < len(cells) else "" for i in kept] + [str(number), code, reason]


def _columns(sheet: Sheet) -> tuple[list[str], list[int]]:
    """Titles of the source without those a rejects file added before, and their places."""
    kept = [i for i, title in enumerate(sheet.header) if title.strip() not in EXTRA]
    return [sheet.header[i] for i in kept] + list(EXTRA), kept


async def _csv(path: Path, sheet: Sheet, rows: Refused) -> int:
    titles, kept = _columns(sheet)
    count = 0
    # Spreadsheets take a CSV for UTF-8 only with a byte-order mark.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=sheet.delimiter, lineterminator="\r\n")
        writer.writerow(map(disarmed, titles))
        async for row in rows:
            writer.writerow(map(disarmed, _line(sheet, row, kept)))
            count += 1
    return count


def _as_text(page: Any, text: str) -> Any:
    """A cell that a spreadsheet shows and does not compute."""
    from openpyxl.cell import WriteOnlyCell

    if not text.startswith("="):
        return text
    cell = WriteOnlyCell(page, text)
    cell.data_type = "s"
    return cell


async def _xlsx(path: Path, sheet: Sheet, rows: Refused) -> int:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    titles, kept = _columns(sheet)
    book = Workbook(write_only=True)
    page = book.create_sheet("rejects")
    page.append(titles)
    count = 0
    async for row in rows:
        # As text: what begins with "=" is what somebody wrote in a book, never a formula.
        page.append([_as_text(page, ILLEGAL_CHARACTERS_RE.sub("", cell)) for cell in _line(sheet, row, kept)])
        count += 1
    book.save(path)
    return count


async def _parquet(path: Path, sheet: Sheet, rows: Refused) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    titles, kept = _columns(sheet)
    schema = pa.schema([(title, pa.string()) for title in titles])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        batch: list[list[Any]] = []

        def flush() -> None:
            if batch:
                columns = zip(*batch, strict=True)
                arrays = [pa.array(column, pa.string()) for column in columns]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                batch.clear()

        async for row in rows:
            batch.append(_line(sheet, row, kept))
            count += 1
            if len(batch) == 1_000:
                flush()
        flush()
    return count
