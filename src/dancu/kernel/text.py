"""Folding of Vietnamese text that names, addresses and dates share. Pure and cheap: one translate for
ordinary text, `unicodedata` only for what is not Vietnamese."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from unicodedata import category

#: Base letter -> its five toned forms, in the Vietnamese order of tones: huyền hỏi ngã sắc nặng.
TONED: Final[dict[str, str]] = {
    "a": "àảãáạ", "ă": "ằẳẵắặ", "â": "ầẩẫấậ", "e": "èẻẽéẹ", "ê": "ềểễếệ", "i": "ìỉĩíị",
    "o": "òỏõóọ", "ô": "ồổỗốộ", "ơ": "ờởỡớợ", "u": "ùủũúụ", "ư": "ừửữứự", "y": "ỳỷỹýỵ",
}  # fmt: skip
_PLAIN: Final = {"ă": "a", "â": "a", "đ": "d", "ê": "e", "ô": "o", "ơ": "o", "ư": "u"}

#: Lower-case letter -> (letter without its tone, tone 0..5).
TONE_OF: Final[dict[str, tuple[str, int]]] = {
    **{base: (base, 0) for base in TONED},
    **{toned: (base, n) for base, forms in TONED.items() for n, toned in enumerate(forms, 1)},
}

#: The letters of Vietnamese outside ASCII, both cases (134 of them).
VIETNAMESE: Final[frozenset[str]] = frozenset(
    c for low in (*TONE_OF, *_PLAIN) if not low.isascii() for c in (low, low.upper())
)

#: Letters that have no decomposition, and punctuation that people type for an ASCII one.
_SPECIAL: Final = {
    "ð": "d", "ɖ": "d", "ø": "o", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "ng",
    "‘": "'", "’": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-",
    "—": "-",
}  # fmt: skip

_ASCII_LOWER: Final[dict[int, str | None]] = {
    **{ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{ord(c): _PLAIN.get(b, b) for low, (b, _) in TONE_OF.items() for c in (low, low.upper()) if c > "\x7f"},
    **{ord(c): plain for low, plain in _PLAIN.items() for c in (low, low.upper())},
    **{ord(c): plain for low, plain in _SPECIAL.items() for c in {low, low.upper()} if len(c) == 1},
    **dict.fromkeys((0x300, 0x301, 0x302, 0x303, 0x306, 0x309, 0x31B, 0x323), None),
    0x00AD: None, 0x200B: None, 0xFEFF: None, 0x00A0: " ",
}  # fmt: skip

#: A tone typed before the circumflex or breve of its own vowel does not compose under NFC: swap them first.
_COMBINING: Final = re.compile("[\u0300-\u036f]")
_MARK_ORDER: Final = re.compile("([\u0300\u0301\u0303\u0309])([\u0302\u0306])")


def fold_ascii(text: str) -> str:
    """Lower-case ASCII of `text`: marks stripped, Đ -> d, white space collapsed, punctuation kept.

    What has no ASCII form (other scripts, symbols) becomes a space, so the answer is always ASCII.

    >>> fold_ascii("  Đặng Thuỳ  Trâm ")
    'dang thuy tram'
    """
    folded = text.translate(_ASCII_LOWER)
    if not folded.isascii():
        folded = "".join(map(_ascii_of, unicodedata.normalize("NFKD", folded))).lower()
    return " ".join(folded.split())


def _ascii_of(char: str) -> str:
    if char < "\x80":
        return char
    kind = category(char)
    if kind[0] == "M" or kind in ("Cf", "Cs"):
        return ""
    low = char.casefold()
    plain = "".join(_SPECIAL.get(c, c) for c in low)
    return plain if plain.isascii() else " "


def compose(text: str) -> str:
    """NFC, also for a tone typed before its vowel's circumflex or breve (NFC alone leaves these apart)."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text)
    if _COMBINING.search(composed):
        swapped = _MARK_ORDER.sub(r"\2\1", unicodedata.normalize("NFD", composed))
        composed = unicodedata.normalize("NFC", swapped)
    return composed


def clean_spaces(text: str) -> str:
    """White space of any kind (U+00A0 too) collapsed to single spaces and trimmed, invisible characters
    gone."""
    return " ".join(drop_invisible(text).split())


def drop_invisible(text: str) -> str:
    """Without U+200B and other zero-width characters, soft hyphens, control characters and lone surrogates.

    White space stays; so do private-use and unassigned characters: a person should see that something is
    there.
    """
    if text.isprintable():
        return text
    return "".join(c for c in text if c.isprintable() or c.isspace() or category(c) not in ("Cc", "Cf", "Cs"))
