"""Reading rows of text from CSV, XLSX and Parquet, in constant memory. Pure but for the file itself.

Every reader gives the same thing: a header and rows of text, each with its record number (the header is record 1, as
people count in a spreadsheet). What a cell means is the profile's business.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dancu.kernel.errors import Invalid
from dancu.kit.sheets.sheet import FAILED, Sheet, is_header, text_of

__all__ = ["FAILED", "Sheet", "is_header", "open_sheet", "text_of"]

Recognise = Callable[[list[str]], bool]
"""Is this row the header? Books often begin with a title and an empty line."""


def open_sheet(path: Path, recognise: Recognise) -> Sheet:
    """Open a file by its kind. Raises Invalid: "import.file.kind", "import.file.header"
    (none of the first rows is a header of the profile), "import.file.broken"."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        from dancu.kit.sheets.delimited import open_csv as opener
    elif suffix in (".xlsx", ".xlsm"):
        from dancu.kit.sheets.xlsx import open_xlsx as opener
    elif suffix in (".parquet", ".pq"):
        from dancu.kit.sheets.parquet import open_parquet as opener
    else:
        raise Invalid(
            "import.file.kind",
            "Không đọc được loại tệp {kind}: hãy dùng CSV, XLSX hoặc Parquet.",
            kind=suffix or path.name,
        )
    return opener(path, recognise)
