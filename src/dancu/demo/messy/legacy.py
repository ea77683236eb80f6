"""Writing Vietnamese as old files have it: TCVN3 and VNI font text, windows-1258 bytes.

The tables are those of `viparse` (MIT) read backwards, with the four VNI forms its corpus lacks.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from viparse.normalize.tcvn3 import TCVN3
from viparse.normalize.vni import VNI

_VNI_LAYOUT = {"ẳ": "aú", "Ẳ": "AÚ", "ỵ": "î", "Ỵ": "Î"}


@cache
def _tcvn3() -> dict[int, str]:
    table = {target: source for source, target in TCVN3.pairs}
    # The fonts have no capital letters with tone marks: people typed the small ones.
    capitals = {target.upper(): source for source, target in TCVN3.pairs if target.upper() not in table}
    return str.maketrans({**capitals, **table})


@cache
def _vni() -> dict[int, str]:
    table = {target: source for source, target in VNI.pairs}
    capitals = {t.upper(): s.upper() for s, t in VNI.pairs if t.upper() not in table}
    return str.maketrans({**capitals, **_VNI_LAYOUT, **table})


def to_tcvn3(text: str) -> str:
    """As typed in a .VnTime font and read as Latin-1; capital letters with tone marks become small."""
    return unicodedata.normalize("NFC", text).translate(_tcvn3())


def to_vni(text: str) -> str:
    """As typed in a VNI-Times font and read as Latin-1."""
    return unicodedata.normalize("NFC", text).translate(_vni())


def to_windows_1258(text: str) -> bytes:
    """Bytes of the code page, which has vowels and tone marks apart. UnicodeEncodeError for letters it
    lacks."""
    return "".join(_apart(c) for c in unicodedata.normalize("NFC", text)).encode("cp1258")


@cache
def _apart(char: str) -> str:
    try:
        char.encode("cp1258")
    except UnicodeEncodeError:
        apart = unicodedata.normalize("NFD", char)
        base, marks = apart[0], apart[1:]
        tones = [m for m in marks if m in "\u0300\u0301\u0303\u0309\u0323"]
        rest = "".join(m for m in marks if m not in tones)
        return unicodedata.normalize("NFC", base + rest) + "".join(tones)
    return char
