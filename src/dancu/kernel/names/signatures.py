"""What gives a legacy encoding away where no Vietnamese syllable comes out: names of the Êđê, Gia Rai, Cơ Tu and others.

"Niª", "P¬loong", "Kpaê": sequences of characters that no language writes. One of them is evidence only where every
other word that would change becomes something a name can be made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from ..text import TONE_OF, VIETNAMESE
from .syllables import is_syllable

_WORD: Final = re.compile(r"[A-Za-z¡-¾À-ÿ\xad]+")
_SMALL: Final = "¨©ª«¬\xad®µ¶·¸¹»¼½¾"
#: A symbol of the TCVN3 fonts between letters, a capital of theirs before a small letter, or ê at the end ("Niª"; the
#: Spanish "Mª" has one letter before it).
_TCVN3_SIGN: Final = re.compile(rf"(?<=[A-Za-zÀ-ÿ])[{_SMALL}](?=[A-Za-zÀ-ÿ])|^[¡-§](?=[a-zß-ÿ])|(?<=[A-Za-z]{{2}})ª$")
#: A vowel of the VNI fonts and its mark, in pairs that are not written elsewhere (aë, oë, aü are: Michaël, Zoë, Saül).
_VNI_SIGN: Final = re.compile("[aeo][âäå]|aê", re.IGNORECASE)
_SYMBOLS: Final = frozenset("¡¢£¤¥¦§" + _SMALL)
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz") | VIETNAMESE
_VOWELS: Final = frozenset(c for c, (base, _) in TONE_OF.items() if base)


def bears_tcvn3(cells: Iterable[str], convert: Callable[[str], str]) -> bool:
    """Is there a sign of TCVN3 in the cells, and does `convert` leave no word worse?"""
    return _bears(cells, convert, _TCVN3_SIGN, anything=False)


def bears_vni(cells: Iterable[str], convert: Callable[[str], str]) -> bool:
    """The same for VNI."""
    return _bears(cells, convert, _VNI_SIGN, anything=True)


def _bears(cells: Iterable[str], convert: Callable[[str], str], sign: re.Pattern[str], anything: bool) -> bool:
    """`anything`: words without a sign may become any pronounceable word, not only a Vietnamese syllable."""
    found = False
    for cell in cells:
        for word in _WORD.findall(cell):
            if word.isascii():
                continue
            meant = convert(word).lower()
            strange = sign.search(word) is not None or not _SYMBOLS.isdisjoint(word)
            if not (_pronounceable(meant) if strange or anything else is_syllable(meant, strict=True)):
                return False
            found |= sign.search(word) is not None
    return found


def _pronounceable(word: str) -> bool:
    """Letters of Vietnamese with a vowel among them, no đ at the end and at most one tone."""
    tones = sum(1 for c in word if TONE_OF.get(c, ("", 0))[1])
    return _LETTERS.issuperset(word) and not _VOWELS.isdisjoint(word) and word[-1] != "đ" and tones < 2
