"""Parquet, batch by batch. pyarrow is heavy and is imported here only, in the importing process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from dancu.kernel.errors import Invalid
from dancu.kit.sheets.sheet import Sheet, is_header, text_of

_BATCH = 4_096


def open_parquet(path: Path, recognise: Callable[[list[str]], bool]) -> Sheet:
    """See `open_sheet`; the column names are the header."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise _broken(path) from error
    header = [str(name) for name in file.schema_arrow.names]
    is_header([header], recognise)

    def rows() -> Iterator[list[str]]:
        batches = file.iter_batches(batch_size=_BATCH)
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                columns = [[text_of(value) for value in column.to_pylist()] for column in batch.columns]
            except (pyarrow.ArrowException, OSError, ValueError) as error:  # pages are read and unpacked one by one
                raise _broken(path) from error
            yield from map(list, zip(*columns, strict=True))

    return Sheet(
        kind="parquet",
        header=header,
        rows=((n, row) for n, row in enumerate(rows(), 2) if any(row)),
        close=file.close,
    )


def _broken(path: Path) -> Invalid:
    return Invalid("import.file.broken", "Không mở được tệp {name}: tệp hỏng hoặc không phải Parquet.", name=path.name)
