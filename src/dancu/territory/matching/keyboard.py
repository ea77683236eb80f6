"""Words as the fingers left them: Telex and VNI keys that no input method turned into marks, letters a scanner misread.

Only a word that is no Vietnamese syllable as it stands, and becomes one when undone, is touched.
"""

import re
from collections.abc import Container
from functools import lru_cache
from typing import Final

from dancu.kernel.names import fold_ascii
from dancu.kernel.names.syllables import is_syllable
from dancu.kernel.text import TONE_OF, TONED
from dancu.territory.matching.words import WRITTEN

_TELEX_TONES: Final = {"f": "à", "s": "á", "r": "ả", "x": "ã", "j": "ạ"}
_VNI_TONES: Final = {"2": "à", "1": "á", "3": "ả", "4": "ã", "5": "ạ"}
_HATS: Final = {"a": "â", "e": "ê", "o": "ô"}
_HORNS: Final = {"a": "ă", "o": "ơ", "u": "ư"}
_VOWELS: Final = frozenset("aăâeêioôơuưy")
_LOOKALIKES: Final = (("0", "o"), ("1", "i"), ("3", "e"), ("6", "o"), ("5", "s"), ("9", "g"), ("8", "b"))
_KIND_WORDS: Final = frozenset(WRITTEN.values())
_WITH_DIGITS: Final = re.compile(r"[^\W\d_]+(?:\d[^\W\d_]*)+")
_INSIDE: Final = re.compile(r"[^\W\d_]\d+[^\W\d_]")
_NUMBERED: Final = frozenset(
    ["to", "khu", "thon", "xom", "ap", "doi", "khom", "kp", "cum", "phuong", "quan", "tang", "hem",
     "ngo", "khoi"]
)  # fmt: skip
"""Words a number follows: "to2" is Tổ 2, not "tò"."""


@lru_cache(maxsize=20_000)
def undo(word: str) -> str | None:
    """What a word of letters meant, in lower case; None where it is a syllable or nothing can be made of it."""
    low = word.lower()
    if len(low) < 3 or is_syllable(low) or is_syllable(fold_ascii(low)):
        return None
    # A scanner reads m as rn; in Telex the r that makes hỏi is mostly typed last.
    return _misread(low, (("rn", "m"),)) or _telex(low) or (_misread(low, (("q", "g"),)) if low[-1] == "q" else None)


def undo_digits(text: str, known: Container[str] = ()) -> str:
    """The text with VNI leftovers and digits misread for letters undone: "Qua3ng", "B6ng"; "P5" and "KP3" stay.

    `known`: folded words that names have, be they Vietnamese syllables or not ("Kro6ng").
    """
    words = _WITH_DIGITS.findall(text)
    # A digit at the end of a word alone ("Xuan1") may be its number; not so beside words with digits inside, or a kind.
    meant = [(word, _vni(word.lower(), known)) for word in words]
    vni = any(m and (m in _KIND_WORDS or _INSIDE.search(word)) for word, m in meant)
    if not vni and not _INSIDE.search(text):
        return text
    return _WITH_DIGITS.sub(lambda m: _without_digits(m.group(), vni, known), text)


def _without_digits(word: str, vni: bool, known: Container[str]) -> str:
    low = word.lower()
    meant = _vni(low, known) if vni and fold_ascii(low.rstrip("0123456789")) not in _NUMBERED else None
    if meant is None and _INSIDE.search(word):
        meant = _misread(low, _LOOKALIKES)
    if meant is None:
        return word
    return meant.capitalize() if word[0].isupper() else meant


def _misread(low: str, lookalikes: tuple[tuple[str, str], ...]) -> str | None:
    read = low
    for seen, real in lookalikes:
        read = read.replace(seen, real)
    return read if read != low and is_syllable(read) else None


def one_slip(typed: str, meant: str) -> bool:
    """Is one letter too many, missing, wrong or changed places?"""
    n = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    ours, theirs = typed[n:], meant[n:]
    return typed != meant and (
        ours[1:] in (theirs, theirs[1:]) or ours == theirs[1:] or (ours[1::-1] + ours[2:] == theirs and len(ours) > 1)
    )


def _telex(low: str) -> str | None:
    letters: list[str] = []
    tone = ""
    for c in low:
        vowels = [i for i, x in enumerate(letters) if TONE_OF.get(x, (x, 0))[0] in _VOWELS]
        if c in _TELEX_TONES and vowels and not tone:
            tone = c
        elif c == "w" and vowels:
            _horn(letters, vowels)
        elif c == "w":
            letters.append("ư")
        elif c in _HATS and c in letters:
            letters[letters.index(c)] = _HATS[c]
        elif c == "d" and "d" in letters:
            letters[letters.index("d")] = "đ"
        else:
            letters.append(c)
    return _toned("".join(letters), _TELEX_TONES.get(tone, ""), low)


def _horn(letters: list[str], vowels: list[int]) -> None:
    pair = "".join(letters[i] for i in vowels[-2:])
    for i in vowels[-2:] if pair in ("uo", "ưo") else vowels[-1:]:
        letters[i] = _HORNS.get(letters[i], letters[i])


def _vni(low: str, known: Container[str]) -> str | None:
    letters: list[str] = []
    tone = ""
    for c in low:
        vowels = [i for i, x in enumerate(letters) if x in _VOWELS]
        if c in _VNI_TONES and vowels and not tone:
            tone = c
        elif c == "6" and vowels:
            at = next((i for i in reversed(vowels) if letters[i] in _HATS), None)
            if at is None:
                return None
            letters[at] = _HATS[letters[at]]
        elif c in "78" and vowels:
            _horn(letters, vowels)
        elif c == "9" and "d" in letters:
            letters[letters.index("d")] = "đ"
        elif c.isdigit():
            return None
        else:
            letters.append(c)
    return _toned("".join(letters), _VNI_TONES.get(tone, ""), low, known)


def _toned(plain: str, tone: str, low: str, known: Container[str] = ()) -> str | None:
    """The syllable with the tone on the vowel that bears it; None where it is none or nothing changed."""
    plain = plain.replace("ưo", "ươ") if plain[-1:] != "o" else plain
    if plain == low:
        return None
    if not is_syllable(plain):
        return plain if fold_ascii(plain) in known else None
    if not tone:
        return plain
    at_tone = TONE_OF[tone][1]
    for i, c in enumerate(plain):
        if c in _VOWELS:
            word = plain[:i] + TONED[c][at_tone - 1] + plain[i + 1 :]
            if is_syllable(word, strict=True):
                return word
    return None
