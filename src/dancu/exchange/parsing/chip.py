"""What the program of a chip reader hands over: one line that begins with `DCHIP1:`, typed into the page like a scanner does
(docs/chip-reader.md).

The rest is base64url of a JSON object: `dg13`, `sod` (base64url of the files as read; `sod` may be missing), `reader` (maker,
model and serial). DG13, tag 0x6D, holds the personal data as repeated `30 len { 02 01 n, 0C len text }`; long lengths, missing
items and numbers we do not know are accepted. Items 15 and 16 (old CMND, chip id) are swapped in one source: told apart by
their form.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from dancu.cards.models import FEMALE, MALE, Reading, TextKind
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import Invalid
from dancu.kernel.numbers import PersonalId
from dancu.kernel.text import compose, fold_ascii
from dancu.kit.i18n import N_

PREFIX: Final = "DCHIP1:"
#: Longest line taken, in characters: DG13 and EF.SOD together have some four kilobytes.
MOST: Final = 20_000
_DG13: Final = 0x6D
_MOST_ITEMS: Final = 64
_BAD: Final = N_("Dữ liệu chip không đọc được. Hãy đặt lại thẻ lên đầu đọc, hoặc dùng cách khác.")
NUMBER, NAME, BIRTH, SEX, RESIDENCE, ISSUED, EXPIRES = 1, 2, 3, 4, 9, 11, 12


@dataclass(frozen=True, slots=True)
class ChipFiles:
    """The files of a chip as handed over, and what DG13 says. `sod` empty: the reader gave none."""

    dg13: bytes
    sod: bytes
    reader: str
    reading: Reading


def read_line(text: str) -> ChipFiles:
    """Raises Invalid `residence.chip…`."""
    line = text.strip()
    if not line:
        raise Invalid("residence.chip.empty", N_("Chưa có dữ liệu chip. Hãy đặt thẻ lên đầu đọc."))
    if not line.startswith(PREFIX) or len(line) > MOST:
        raise Invalid("residence.chip.line", _BAD)
    try:
        told = json.loads(_unb64u(line.removeprefix(PREFIX)))
        dg13, sod = _unb64u(told["dg13"]), _unb64u(told.get("sod") or "")
        reader = str(told.get("reader", ""))[:80]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Invalid("residence.chip.line", _BAD) from error
    return ChipFiles(dg13, sod, reader, _reading(dict(items(dg13))))


def write_line(dg13: bytes, sod: bytes, reader: str) -> str:
    """What a reader's program hands over (for simulators and tests)."""
    told = {"dg13": _b64u(dg13), "sod": _b64u(sod), "reader": reader}
    return PREFIX + _b64u(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())


def items(dg13: bytes) -> Iterator[tuple[int, str]]:
    """(item, text) of the personal data; the first value where an item has two. Raises Invalid for what is no DG13."""
    tag, body, rest = _tlv(dg13)
    if tag != _DG13 or rest:
        raise Invalid("residence.chip.dg13", _BAD)
    seen: set[int] = set()
    for _ in range(_MOST_ITEMS):
        if not body:
            return
        tag, item, body = _tlv(body)
        if tag != 0x30:
            continue
        kind, number, value = _tlv(item)
        if kind != 0x02 or not value:
            continue
        kind, text, _rest = _tlv(value)
        n = int.from_bytes(number, "big")
        if kind == 0x0C and n not in seen:
            seen.add(n)
            yield n, compose(text.decode("utf-8", "replace")).strip()


def write_dg13(values: dict[int, str]) -> bytes:
    """DG13 of these items (for simulators and tests)."""
    body = b"".join(_made(0x30, _made(0x02, bytes([n])) + _made(0x0C, text.encode())) for n, text in values.items())
    return _made(_DG13, body)


def _reading(told: dict[int, str]) -> Reading:
    number = PersonalId.parse(told.get(NUMBER, "")).value
    sex = fold_ascii(told.get(SEX, ""))
    old = next((told[n] for n in (15, 16) if told.get(n, "").isdigit() and len(told[n]) == 9), "")
    return Reading(
        TextKind.QR, number, old, told.get(NAME, ""), _date(told.get(BIRTH, "")), MALE if sex.startswith("na") else FEMALE if sex else "",
        told.get(RESIDENCE, ""), _full(told.get(ISSUED, "")), _full(told.get(EXPIRES, "")),
    )  # fmt: skip


def _date(text: str) -> PartialDate | None:
    try:
        return parse_date(text).date if text else None
    except Invalid:
        return None


def _full(text: str) -> date | None:
    read = _date(text)
    return read.full() if read else None


def _tlv(data: bytes) -> tuple[int, bytes, bytes]:
    """(tag, value, rest) of the first BER element, lengths of up to four bytes."""
    if len(data) < 2:
        raise Invalid("residence.chip.dg13", _BAD)
    tag, length, at = data[0], data[1], 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or len(data) < 2 + size:
            raise Invalid("residence.chip.dg13", _BAD)
        length, at = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
    if len(data) < at + length:
        raise Invalid("residence.chip.dg13", _BAD)
    return tag, data[at : at + length], data[at + length :]


def _made(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def _b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64u(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
