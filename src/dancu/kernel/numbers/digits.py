"""Reading digits as people type and group them."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

from ..text import drop_invisible

_GROUPING: Final = re.compile(r"[\s.\-–_'’]+")


def plain_digits(text: str) -> str | None:
    """ASCII digits of `text` without spaces, dots, dashes and the apostrophe spreadsheets use to mark text;
    None if anything else than digits remains. An empty text gives ""."""
    if text.isascii() and text.isdigit():
        return text
    digits = _GROUPING.sub("", normalize("NFKC", drop_invisible(text[:200])))
    return digits if not digits or (digits.isascii() and digits.isdigit()) else None
