"""Results as they are kept and as they go out: JSON lines, compressed and encrypted in the database; JSON lines or CSV outside."""

from __future__ import annotations

import csv
import io
import os
import sys
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Final

import orjson

from dancu.exchange.models.reconcile import Declared, Result
from dancu.exchange.store import reconcile as store
from dancu.kit.db import Conn
from dancu.kit.keys import KeyRing
from dancu.kit.sheets.sheet import disarmed

_TABLE: Final = "exchange.reconcile_chunk"
CSV_COLUMNS: Final = ("line", "ref", "outcome", "score", "differs", "personal_id", "first_line", "code")


def seal(keys: KeyRing, run_no: int, nth: int, column: str, lines: Iterable[Any]) -> bytes:
    """Lines of a chunk as they are kept."""
    plain = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    return keys.encrypt(zlib.compress(plain, 1), table=_TABLE, row=f"{run_no}/{nth}", column=column)


def unseal(keys: KeyRing, run_no: int, nth: int, column: str, sealed: bytes) -> bytes:
    """The JSON lines of a chunk."""
    return zlib.decompress(keys.decrypt(bytes(sealed), table=_TABLE, row=f"{run_no}/{nth}", column=column))


def rejected(row: Declared) -> list[Any]:
    """A row that could not be read, as it is kept: its record, cells, code and sentence."""
    code, sentence = row.problem or ("", "")
    return [row.line, [cell.encode("utf-8", "replace").decode() for cell in row.cells], code, sentence]


def kept(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [result.as_json() for result in results]


async def ndjson(conn: Conn, keys: KeyRing, run_no: int, start: int = 0) -> AsyncIterator[bytes]:
    """Results of committed chunks from the `start`-th on, a chunk at a time."""
    async for nth, result, _ in store.chunks(conn, run_no, start):
        yield unseal(keys, run_no, nth, "result", result)


async def chunk(conn: Conn, keys: KeyRing | Path, run_no: int, nth: int) -> bytes | None:
    """The JSON lines of one chunk; None where there is none yet. `keys`: the ring or its folder."""
    sealed = await store.chunk(conn, run_no, nth)
    if sealed is None:
        return None
    return unseal(KeyRing.open(keys) if isinstance(keys, Path) else keys, run_no, nth, "result", sealed)


async def rejects(conn: Conn, keys: KeyRing, run_no: int) -> AsyncIterator[tuple[int, list[str], str, str]]:
    """Rows that could not be read: (record, cells, code, sentence)."""
    async for nth, _, sealed in store.chunks(conn, run_no, 0):
        if sealed is not None:
            for line in unseal(keys, run_no, nth, "rejects", sealed).splitlines():
                record, cells, code, sentence = orjson.loads(line)
                yield record, cells, code, sentence


def as_csv(lines: bytes) -> str:
    """JSON lines as CSV rows without a header, no cell of which a spreadsheet would compute."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for line in lines.splitlines():
        result = orjson.loads(line)
        differs = " ".join(f"{field}:{how}" for field, how in result.get("differs", {}).items())
        writer.writerow(
            disarmed(str(differs if column == "differs" else result.get(column, ""))) for column in CSV_COLUMNS
        )
    return out.getvalue()


class Writer:
    """Where a command's results go: a file (CSV by its name, JSON lines otherwise), written beside its place and moved there when
    the run has ended, or standard output. What a broken run had handed out is handed out again from the database, so the file
    is whole whatever happened before."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._csv = path is not None and path.suffix.lower() == ".csv"
        self._part = path.with_name(f".{path.name}.part") if path else None
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Writer:
        if self._part is not None:
            self._part.touch(mode=0o600)  # results about people: for who reconciles, not for the whole machine
            self._file = self._part.open("wb")
            if self._csv:
                self._file.write(("\ufeff" + ",".join(CSV_COLUMNS) + "\r\n").encode())
        else:
            self._file = sys.stdout.buffer
        return self

    async def deliver(self, nth: int, lines: bytes) -> None:
        """A chunk, after its commit."""
        if self._file is not None:
            self._file.write(as_csv(lines).encode() if self._csv else lines)
            self._file.flush()

    def __exit__(self, kind: object, *rest: object) -> None:
        if self._part is None or self._path is None or self._file is None:
            return
        os.fsync(self._file.fileno())
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)
