"""Which encoding a text file is in. Decided for the file, never for a cell alone where the file can tell: three
Vietnamese words in an 8-bit encoding are too little to know it by."""

from __future__ import annotations

import codecs
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Final

from dancu.kernel.names import decode, detect_encoding
from dancu.kernel.text import VIETNAMESE, compose

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK: Final = 1 << 20
LONGEST_LINE: Final = 1 << 21
"""Bytes or characters of a line read at once: a longer one is not a row, and must not fill the memory."""
_SAMPLE: Final = 4_000
#: A file with fewer broken lines than this is UTF-8 with foreign cells in it, else it is not UTF-8.
_MOSTLY: Final = 0.5
_BEYOND: Final = frozenset(c for c in VIETNAMESE if c > "\xff")


def find_encoding(path: Path) -> str:
    """One of "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1258", "latin-1"; the last stands
    for text of old Vietnamese fonts (TCVN3, VNI), which `kernel.names` decodes."""
    with path.open("rb") as file:
        head = file.read(4096)
        for bom, name in _BOMS:
            if head.startswith(bom):
                return name
        if wide := _without_mark(head):
            return wide
    bad, good = _lines_by_validity(path)
    if len(bad) <= _MOSTLY * (len(bad) + good):
        return "utf-8"
    return _eight_bit(bad)


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a byte-order mark: every other byte of ASCII text is zero."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) / 8 and odd > 4 * even:
        return "utf-16-le"
    if even > len(head) / 8 and even > 4 * odd:
        return "utf-16-be"
    return None


def _lines_by_validity(path: Path) -> tuple[list[bytes], int]:
    """Lines that are no UTF-8 (at most a sample) and the number of lines with valid letters beyond ASCII."""
    bad: list[bytes] = []
    good = 0
    with path.open("rb") as file:
        while text := _block(file):
            try:
                text.decode()
            except UnicodeDecodeError:
                for line in text.splitlines(keepends=True):
                    if line.isascii():
                        continue
                    try:
                        line.decode()
                        good += 1
                    except UnicodeDecodeError:
                        bad.append(line)
            else:
                good += 0 if text.isascii() else text.count(b"\n")
            if len(bad) >= _SAMPLE:
                break
    return bad, good


def _block(file: BufferedReader) -> bytes:
    """The next lines, about a megabyte of them; a line is never held whole beyond `LONGEST_LINE`."""
    block = file.read(_BLOCK)
    return block + file.readline(LONGEST_LINE) if block else b""


def _eight_bit(lines: list[bytes]) -> str:
    """windows-1258 or the bytes of an old font, by which reading gives Vietnamese."""
    sample = list(islice(lines, _SAMPLE))
    modern = sum(map(_vietnamese, (compose(line.decode("cp1258", "replace")) for line in sample)))
    plain = [line.decode("latin-1") for line in sample]
    legacy = detect_encoding(plain)
    if legacy == "unicode":
        return "windows-1258"
    old = sum(map(_vietnamese, (decode(line, legacy) for line in plain)))
    return "latin-1" if old > modern else "windows-1258"


def _vietnamese(text: str) -> int:
    """Letters that only Vietnamese has, less the signs that no name has."""
    return sum(c in _BEYOND for c in text) - sum(c in "¡¢£¤¥¦§©«¬®°±²³¶·¸¹»¼½¾¿×÷\ufffd" for c in text)


class Decoder:
    """How bytes become text: a codec for the stream, and `mend` for cells that contradict it."""

    def __init__(self, encoding: str) -> None:
        self.codec = {"windows-1258": "cp1258", "utf-8": "utf-8-sig"}.get(encoding, encoding)
        self.errors = "surrogateescape" if self.codec.startswith("utf-8") else "replace"
        self._watch = self.errors == "surrogateescape"
        self.repaired = 0

    def mend(self, row: list[str]) -> list[str]:
        """Cells whose bytes were no UTF-8, decoded as windows-1258 or an old font, whichever gives Vietnamese."""
        if self._watch and not "".join(row).isprintable():
            for place, cell in enumerate(row):
                if not cell.isascii() and not cell.isprintable() and any("\udc80" <= c <= "\udcff" for c in cell):
                    row[place] = _eight_bit_cell(cell.encode("utf-8", "surrogateescape"))
                    self.repaired += 1
        return row


def _eight_bit_cell(raw: bytes) -> str:
    if _eight_bit([raw]) == "latin-1":
        return raw.decode("latin-1")
    try:
        return compose(raw.decode("cp1258"))
    except UnicodeDecodeError:
        return raw.decode("latin-1")
