"""Windows-1258 read as Windows-1252: "TrâÌn Thiò Hoà" for Trần Thị Hoà.

The Vietnamese code page keeps five tones as characters of their own behind the vowel, where the Western one has letters;
this is also where the eth in place of Đ comes from.
"""

from __future__ import annotations

import re
from typing import Final

from ..text import compose
from .syllables import is_syllable

#: The places of the code pages that differ, as 1252 shows them -> what 1258 means.
_MEANT: Final = str.maketrans({
    "Ì": "\u0300", "ì": "\u0301", "Þ": "\u0303", "Ò": "\u0309", "ò": "\u0323",
    "Ã": "Ă", "ã": "ă", "Ð": "Đ", "ð": "đ", "Õ": "Ơ", "õ": "ơ", "Ý": "Ư", "ý": "ư",
})  # fmt: skip
#: A tone behind the vowel it stands on, or ươ, ưu: letters that no spelling has there.
_SIGN: Final = re.compile("[aâãeêioôõuýyàá][ÌìÞÒò]|ý[õu]", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")


def undo_windows_1258(text: str) -> str | None:
    """The text that was meant, or None where it is not this: at least one word must become a Vietnamese syllable that was
    none, and none may become nonsense."""
    if text.isascii() or max(text) > "\xff" or not _SIGN.search(text):
        return None
    better = False
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        meant = compose(word.translate(_MEANT)).lower()
        if not is_syllable(meant, strict=True):
            return None
        better |= not is_syllable(word.lower(), strict=True)
    return compose(text.translate(_MEANT)) if better else None
