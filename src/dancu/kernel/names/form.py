"""The normal form of a personal name and its four keys.

The order is that of the handbook: legacy decoding -> NFC -> eth to Đ -> white space; tone placement and case
are folded only in the key made for it, since both spellings of hoà are the person's own. i/y and regional
pairs (Hoàng/Huỳnh, Vũ/Võ) are different names and stay so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from ..errors import Invalid
from ..text import VIETNAMESE, compose, drop_invisible, fold_ascii
from .legacy import Encoding, decode, detect_encoding, looks_unicode, single_encoded
from .sorting import word_key
from .syllables import is_syllable
from .tones import tone_fold
from .windows1258 import undo_windows_1258


class NameKeys(NamedTuple):
    """`written`: as written (NFC, repaired, case kept). `tone_folded`: one tone placement, case folded.
    `ascii`: no marks, lower case (MRZ, SMS, bank). `sort`: given name, surname, middle, in Vietnamese
    order."""

    written: str
    tone_folded: str
    ascii: str
    sort: str


class NameForm(NamedTuple):
    """`normal` is for people to read. `repairs` names what was mended, in order: "mojibake", "tcvn3", "vni",
    "windows1258", "width", "nfc", "eth", "invisible", "spaces", "punctuation", "case". `surname` and `middle` are "" where
    the name has no such word; which word is which is position only (first, between, last)."""

    normal: str
    repairs: tuple[str, ...]
    keys: NameKeys
    surname: str
    middle: str
    given: str


class _Word(NamedTuple):
    plain: bool  # nothing in this word can need repair
    normal: str
    tone_folded: str
    ascii: str
    sort: str


_LETTER: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") | VIETNAMESE
_PLAIN_CHARS: Final = _LETTER | frozenset("'-.")
_PARTS: Final = re.compile(r"[^\W\d_]+")
_LAST_WORD: Final = re.compile(r"[^\W\d_]+$")
_ETH: Final = str.maketrans({"Ð": "Đ", "ð": "đ", "Ɖ": "Đ", "ɖ": "đ"})
_ETH_WORD: Final = re.compile(r"[^\W\d_]*[ÐðƉɖ][^\W\d_]*")
#: Letters that Icelandic and Faroese, where eth is a letter of its own, do not have.
_NOT_NORDIC: Final = VIETNAMESE - frozenset("ÁÉÍÓÚÝáéíóúý")
_PUNCTUATION: Final = str.maketrans({**dict.fromkeys("‘’ʼʹ´`′＇", "'"), **dict.fromkeys("‐‑‒–—−－", "-"), "．": "."})
_WIDE: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
#: Letters of Vietnamese and the signs of ASCII between single spaces: with a letter beyond Latin-1 in it, which proves Unicode, there is
#: nothing to repair.
_CLEAN: Final = re.compile("W+(?: W+)*".replace("W", f"[!-_a-~{''.join(sorted(VIETNAMESE))}]"))
#: Longest text taken for a name, in characters; the longest real ones have some sixty.
LONGEST: Final = 200
_TWO_CAPITALS: Final = re.compile(r"[A-Z]\w*[A-Z]")
_ASCII_TOKEN: Final = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=32768)  # every word of the names of a country, and their usual slips
def _word(word: str) -> _Word:
    plain = _PLAIN_CHARS.issuperset(word) and not _LETTER.isdisjoint(word) and _unicode_for_sure(word)
    even = word.islower() or _shouted(word)
    normal = _PARTS.sub(lambda match: _cased(match.group(), even), word)
    return _Word(plain, normal, tone_fold(normal), fold_ascii(normal), word_key(normal.casefold()))


def _unicode_for_sure(word: str) -> bool:
    return max(word) > "\xff" or all(looks_unicode(part) for part in _PARTS.findall(word))


def _shouted(word: str) -> bool:
    """All capitals; the toned letters of a plain word may be small, as typing with caps lock on leaves
    them."""
    letters = [c for c in word if c.isascii()]
    return word.isupper() or (word.isalpha() and bool(letters) and all(c.isupper() for c in letters))


def _cased(part: str, even: bool) -> str:
    """Title case where the case says nothing: the word is all capitals or all small (`even`), or has capitals
    inside a plain syllable. McDonald, Bh'riu and other deliberate forms stay."""
    if not even and (part.islower() or not is_syllable(part.lower())):
        return part
    titled = compose(part[0].upper() + part[1:].lower())
    # Letters whose case does not round-trip (ŉ, İ, final sigma) are left as they came.
    return titled if len(titled) == len(part) and titled.lower() == part.lower() else part


def normal_form(text: str, encoding: Encoding | None = None) -> NameForm:
    """Normal form, repairs and keys of a personal name of one word or more.

    `encoding` is the decision made for the whole file (`detect_encoding` over its name column); without it
    each string is judged alone, conservatively. Raises Invalid: "person.name.empty" if no letter is left,
    "person.name.length" above 200 characters. Idempotent: `normal_form(f.normal).normal == f.normal`, without
    repairs.
    """
    if (encoding is None or encoding == "unicode") and len(text) <= LONGEST:
        words = list(map(_word, text.split(" ")))
        for word in words:
            if not word[0]:
                break
        else:
            return _assemble(text, words, ())
    if len(text) > LONGEST:
        raise Invalid("person.name.length", "Họ tên dài quá {longest} ký tự", longest=LONGEST)
    written, repairs = repair(text, encoding)
    for _ in range(4):
        if not any(c.isalpha() for c in written):
            raise Invalid("person.name.empty", "Họ tên còn trống: ghi ít nhất một chữ")
        words = list(map(_word, written.split(" ")))
        form = _assemble(written, words, repairs)
        if all(word.plain for word in words):
            return form
        # Rubble can turn into something readable by the change of case ("ã¡" -> "Ã¡", which is á in UTF-8):
        # read on until nothing changes, or the normal form would not be one.
        written, more = repair(form.normal)
        if not more:
            break
        repairs = tuple(dict.fromkeys((*repairs, *more)))
    return form


def plain_keys(name: str) -> tuple[str, str]:
    """(tone_folded, ascii) of `normal_form(name).keys`, of a name in its normal form for less."""
    words = list(map(_word, name.split(" ")))
    if len(name) <= LONGEST and all(word[0] and word[3] and word[4] for word in words):
        return " ".join([word[2] for word in words]), " ".join([word[3] for word in words])
    keys = normal_form(name).keys
    return keys.tone_folded, keys.ascii


def _assemble(written: str, words: list[_Word], repairs: tuple[str, ...]) -> NameForm:
    _, normals, folded, ascii_words, sorts = zip(*words, strict=True)
    normal = " ".join(normals)
    if normal != written:
        repairs = (*repairs, "case")
    ascii_name = " ".join(ascii_words)
    sort = " ".join(sorts[-1:] + sorts[:-1])
    if not all(ascii_words) or not all(sorts):  # words without letters, or of another script, have empty keys
        ascii_name, sort = " ".join(ascii_name.split()), " ".join(sort.split())
    keys = NameKeys(written, " ".join(folded), ascii_name, sort)
    if len(normals) == 1:
        return NameForm(normal, repairs, keys, "", "", normal)
    return NameForm(normal, repairs, keys, normals[0], " ".join(normals[1:-1]), normals[-1])


def repair(text: str, encoding: Encoding | None = None) -> tuple[str, tuple[str, ...]]:
    """The text of a name or address in clean Unicode, case and tone placement untouched, and what was
    mended."""
    if (encoding is None or encoding == "unicode") and text and max(text) > "\xff" and _CLEAN.fullmatch(text):
        return text, ()
    repairs: list[str] = []
    if (meant := single_encoded(text)) != text:
        repairs.append("mojibake")
        text = meant
    legacy = encoding if encoding is not None and encoding != "unicode" else detect_encoding((text,))
    if legacy != "unicode":
        decoded = decode(text, legacy)
        if decoded != text:
            repairs.append(legacy)
            text = _recapitalise(decoded) if legacy == "tcvn3" else decoded
    elif (meant_1258 := undo_windows_1258(text)) is not None:
        repairs.append("windows1258")
        text = meant_1258
    if all(_word(word).plain for word in text.split(" ")):
        return text, tuple(repairs)
    for name, step in _STEPS:
        mended = step(text)
        if mended != text:
            if name not in repairs:
                repairs.append(name)
            text = mended
    return text, tuple(repairs)


def _eth_to_d(found: re.Match[str]) -> str:
    """Eth never begins an Icelandic word, and đ begins every Vietnamese one that has it (Êđê names apart)."""
    word = found.group()
    return word.translate(_ETH) if word[0] in "ÐðƉɖ" or not _NOT_NORDIC.isdisjoint(word) else word


def _recapitalise(decoded: str) -> str:
    """TCVN3 has no toned capitals: a name in the capitals font is stored "TRÇN", and comes out "TRầN"."""
    letters = [c for c in decoded if c.isascii() and c.isalpha()]
    shouted = all(c.isupper() for c in letters) and _TWO_CAPITALS.search(decoded)
    return decoded.upper() if shouted else decoded


def _zero_width_spaces(text: str) -> str:
    """U+200B between two words made a space; inside a word it is left to be dropped."""
    if "\u200b" not in text:
        return text
    pieces = text.split("\u200b")
    out = pieces[0]
    for piece in pieces[1:]:
        left, right = _LAST_WORD.search(compose(out)), _PARTS.match(compose(piece))
        syllables = [x[0].lower() for x in (left, right) if x]
        apart = len(syllables) == 2 and all(map(is_syllable, syllables)) and not is_syllable("".join(syllables))
        out += (" " if apart else "\u200b") + piece
    return out


#: Invisible characters go before NFC, since one of them may stand between a letter and its mark.
_STEPS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("width", lambda text: text.translate(_WIDE)),
    ("spaces", _zero_width_spaces),
    ("invisible", drop_invisible),
    ("nfc", compose),
    ("eth", lambda text: _ETH_WORD.sub(_eth_to_d, text)),
    ("punctuation", lambda text: text.translate(_PUNCTUATION)),
    ("spaces", lambda text: " ".join(text.split())),
)


def ascii_key(text: str) -> str:
    """The name without marks, lower-case ASCII, after repair: what MRZ, SMS and bank files carry."""
    return fold_ascii(repair(text)[0])


def search_tokens(text: str) -> tuple[str, ...]:
    """Lower-case ASCII words of a name or query, in the order written: letters and digits only."""
    return tuple(_ASCII_TOKEN.findall(ascii_key(text)))
