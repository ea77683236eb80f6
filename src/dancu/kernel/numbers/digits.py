"""Reading digits as people type and group them, and as spreadsheets write them."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

from ..errors import Invalid
from ..text import drop_invisible

_GROUPING: Final = re.compile(r"[\s.\-–_'’]+")
#: "49190012345.0": the fraction of a number kept as a float. No group of a number written in groups is so long.
_FRACTION: Final = re.compile(r"(?<=\d{6})[.,]0{1,2}$")
#: "4.9190012345E+10", "4,919E+10".
_SCIENTIFIC: Final = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.IGNORECASE)
_LOOKALIKES: Final = str.maketrans("OoQlI|", "000111")


def plain_digits(text: str) -> str | None:
    """ASCII digits of `text` without spaces, dots, dashes, the apostrophe spreadsheets use to mark text and the fraction
    they give to numbers; None if anything else than digits remains. An empty text gives ""."""
    if text.isascii() and text.isdigit():
        return text
    written = normalize("NFKC", drop_invisible(text[:200])).strip()
    if (power := _SCIENTIFIC.fullmatch(written)) and len(power[2] or "") == int(power[3]):
        written = power[1] + (power[2] or "")
    digits = _GROUPING.sub("", _FRACTION.sub("", written))
    return digits if not digits or (digits.isascii() and digits.isdigit()) else None


def not_digits(text: str, otherwise: Invalid) -> Invalid:
    """Why `text` has no `plain_digits`: "person.number.rounded" (by a spreadsheet), "person.number.letters" (that
    look like digits), or `otherwise`."""
    written = normalize("NFKC", text[:200]).strip()
    if _SCIENTIFIC.fullmatch(written):
        return Invalid(
            "person.number.rounded",
            "Số đã bị bảng tính làm tròn: hãy đặt cột này là dạng chữ (Text) rồi ghi lại số đầy đủ",
        )
    if plain_digits(written.translate(_LOOKALIKES)):
        return Invalid(
            "person.number.letters",
            "Số có chữ cái trông như chữ số (chữ O và số 0, chữ l và số 1): hãy ghi lại bằng chữ số",
        )
    return otherwise
