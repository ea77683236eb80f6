"""Vietnamese alphabetical order as a plain ASCII string, so that `ORDER BY` with COLLATE "C" and Python's `<`
agree on it: no ICU is needed (the embedded PostgreSQL has none).

Per word: the letters first, then the tone; ă and â after a, đ after d and so on by a letter above 'z'. Words
are compared one after the other, as class lists and telephone books do: Hà, Hạ, Hải, Hằng, Hân.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from ..text import TONE_OF, VIETNAMESE, clean_spaces, compose, fold_ascii

# "{" is the first ASCII character above "z", so "a{" (ă) sorts after every word that begins with plain "a".
_LETTER: Final = {"ă": "a{", "â": "a|", "đ": "d{", "ê": "e{", "ô": "o{", "ơ": "o|", "ư": "u{"}
_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+|[^\W_]+")
_COMBINING_TONE: Final = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}


def sort_key(text: str) -> str:
    """Key of any text (unit names, streets) in Vietnamese order; numbers inside sort by value (Tổ 2 < Tổ 10).

    For a person's name use `normal_form(name).keys.sort`, which puts the given name first.
    """
    return " ".join(map(word_key, compose(clean_spaces(text)).casefold().split(" "))).strip()


@lru_cache(maxsize=32768)
def word_key(word: str) -> str:
    """Key of one word in lower case; parts joined by an apostrophe, hyphen or digit count as words."""
    return " ".join(map(_part_key, _TOKEN.findall(word)))


def _part_key(part: str) -> str:
    if part.isdecimal():
        digits = str(int(part)) if len(part) < 4000 else part.lstrip("0")
        # Length first, so that 10 comes after 9; nothing in the field counts past a few digits.
        return f"{min(len(digits), 9)}{digits}"
    letters: list[str] = []
    tone = 0
    for char in part:
        base, mark = TONE_OF.get(char, (char, 0))
        tone = mark or tone
        if base in VIETNAMESE:
            letters.append(_LETTER[base])
        elif base.isascii():
            letters.append(base)
        else:
            letters.append(fold_ascii(base) or base)
            marks = (_COMBINING_TONE.get(c, 0) for c in unicodedata.normalize("NFD", base))
            tone = max(tone, *marks)
    return f"{''.join(letters)}{tone}"
