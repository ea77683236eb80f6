"""From the characters of an address to words with positions, segments and kind words."""

import re
from collections.abc import Collection, Container
from dataclasses import dataclass, replace
from functools import lru_cache

from dancu.kernel.names import fold_ascii, repair, tone_fold
from dancu.kernel.text import VIETNAMESE
from dancu.territory.matching.keyboard import one_slip, undo, undo_digits
from dancu.territory.matching.words import (
    COUNTRY,
    ENGLISH_KINDS,
    ENGLISH_LOCAL,
    KIND_WORDS,
    NUMBERED,
    NUMERALS,
    WRITTEN,
)
from dancu.territory.models import Kind

_PIECE = re.compile(
    r"(?P<word>[^\W\d_]+(?:['’`‘][^\W\d_]+)*)|(?P<number>\d+)|(?P<hard>[,;|\n\t()\[\]]+)|(?P<dash>[-–—_]+)|(?P<slash>[/\\])"
)
_UP = "[A-Z" + "".join(sorted(c for c in VIETNAMESE if c.isupper())) + "]"
_LOW = "[a-z" + "".join(sorted(c for c in VIETNAMESE if c.islower())) + "]"
_GLUED = re.compile(
    rf"(?<={_LOW}{_LOW})(?={_UP})|(?<={_UP}{_LOW})(?={_UP})|(?<=\bT[PXT])(?={_UP}{_LOW})"
    r"|(?<=\bT[PX])(?=[A-Z]{2}\b)|(?<=[^\W\d_])(?=(?:Huyện|Phường|Tỉnh|Quận|Thành phố|Thị xã|Thị trấn)\b)"
)
"""Where a word begins inside another: "xãTamPhú", "TPTamKỳ", "TPST" (the city of Sóc Trăng)."""
_KIND_GLUED = re.compile(r"\b(phuong|phường|thitran|thịtrấn|thanhpho|thànhphố|thixa|thịxã|huyen|huyện|tinh|tỉnh|quan|quận|xa|xã|tp|tt|tx)([^\W\d_]{4,})\b", re.I)
_SPACED = {"thitran": "thi tran", "thanhpho": "thanh pho", "thixa": "thi xa"}
_ALSO_NAMES = frozenset({"nam", "tam"})
"""Without marks these are south and three in names, not five and eight."""
_NUMBERED_WRITTEN = frozenset({*NUMBERED, "phường", "quận"} - {"phuong", "quan"})
"""Without marks "phuong hai" may be Phương Hải."""
_MOST = 600
"""Characters read, from the end, where the units stand: nobody's address is longer, and work grows with length."""


Dashed = tuple[tuple[str, ...], tuple[str, ...]]
"""Keys of the words before and after the dash of a name."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word: folded key, written form in lower case, place in the text, number of its segment."""

    key: str
    written: str
    start: int
    end: int
    segment: int
    number: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """An address cut up. `kinds[i]`: the kinds named just before word i, and where that naming begins."""

    text: str
    words: tuple[Word, ...]
    kinds: tuple[tuple[frozenset[Kind], int, bool] | None, ...]
    segment_of: tuple[tuple[int, int], ...]
    """First and past-the-last word of the segment of each word."""
    streets: frozenset[int] = frozenset()
    """Words that an English word after them says are a street or hamlet."""


@lru_cache(maxsize=20_000)
def _keys(raw: str) -> tuple[str, str]:
    key = fold_ascii(raw).replace("'", "").replace(" ", "")
    return key, tone_fold(raw)


def read(
    text: str, known: Container[str] = (), dashed: Collection[Dashed] = (), names: Container[str] = ()
) -> Reading:
    """Cut an address into words. Legacy encodings, eth, keys left by an input method and glued words are repaired
    first; nothing is dropped but the country and English kind words. `known`: words that are right whatever they
    look like. `dashed`: names with a dash in them, which does not part two units there. `names`: folded keys of whole
    names, by which a kind word glued to its name is known ("phuongtruongxuan")."""
    text = _GLUED.sub(" ", undo_digits(repair(text[-_MOST:])[0], known))
    text = _KIND_GLUED.sub(lambda found: _unglued(found, names), text)
    words: list[Word] = []
    segment = 0
    pieces = list(_PIECE.finditer(text))
    for n, piece in enumerate(pieces):
        kind = piece.lastgroup
        start, end = piece.span()
        if kind == "hard":
            segment += 1
        elif kind == "dash":
            spaced = text[start - 1 : start].isspace() and text[end : end + 1].isspace()
            segment += spaced and not _in_name(words, pieces[n + 1 : n + 4], dashed)
        elif kind == "slash":
            around = [p.lastgroup for p in (pieces[n - 1 : n] + pieces[n + 1 : n + 2])]
            segment += around == ["word", "word"]
        else:
            raw = piece.group()
            if kind == "number":
                key = written = raw.lstrip("0") or "0"
            else:
                key, written = _keys(raw)
                if key not in known and key not in ENGLISH_KINDS:
                    if meant := undo(raw):
                        key, written = _keys(meant)
                    elif len(key) > 2 or (words and words[-1].key == "thanh"):
                        key, written = _misspelt_kind(key, words, segment) or (key, written)
            words.append(Word(key, written, start, end, segment, kind == "number"))
    words = _numbers(_without_country(words))
    words, named, streets = _english(words)
    kinds = _kinds(words)
    for i, which in named.items():
        kinds[i] = kinds[i] or (which, i, True)
    return Reading(text, tuple(words), tuple(kinds), _segments(words), streets)


def _unglued(found: re.Match[str], names: Container[str]) -> str:
    """A kind word and the name glued to it, apart; as it was where the whole is a name or the rest is none."""
    whole, kind, rest = found.group(), found[1], found[2]
    if _keys(whole)[0] in names or _keys(rest)[0] not in names:
        return whole
    return f"{_SPACED.get(_keys(kind)[0], kind)} {rest}"


def _in_name(words: list[Word], after: list[re.Match[str]], dashed: Collection[Dashed]) -> bool:
    """Whether a dash after `words` stands inside a name: "Phan Rang - Tháp Chàm"."""
    following = tuple(_keys(piece.group())[0] for piece in after if piece.lastgroup == "word")
    return any(
        tuple(word.key for word in words[-len(left) :]) == left and following[: len(right)] == right for left, right in dashed
    )


def _misspelt_kind(key: str, words: list[Word], segment: int) -> tuple[str, str] | None:
    """A word that no name has, one slip away from a kind word where one may stand: "Thành ph Hạ Long", "Huyn Núi Thành"."""
    before = words[-1] if words and words[-1].segment == segment else None
    if before is None:
        wanted: tuple[str, ...] = ("phuong", "huyen", "quan", "tinh", "thanh")
    else:
        wanted = {"thanh": ("pho",), "thi": ("tran",)}.get(before.key, ())
    found = next((w for w in wanted if one_slip(key, w)), None)
    return (found, WRITTEN[found]) if found else None


def _numbers(words: list[Word]) -> list[Word]:
    """With the numbers of wards and urban districts in figures: "Phường Mười Một", "P.VIII"."""
    out: list[Word] = []
    i = 0
    while i < len(words):
        out.append(words[i])
        i += 1
        if out[-1].key not in NUMBERED:
            continue
        for n in (2, 1):
            part, after = words[i : i + n], words[i + n : i + n + 1]
            number = NUMERALS.get(tuple(w.key for w in part))
            ends = not after or after[0].segment != out[-1].segment or (after[0].key,) in KIND_WORDS
            ends = ends or tuple(w.key for w in words[i + n : i + n + 2]) in KIND_WORDS
            clear = not {w.written for w in part} & _ALSO_NAMES and out[-1].written in _NUMBERED_WRITTEN
            if number and ends and clear and {w.segment for w in part} == {out[-1].segment}:
                figure = str(number)
                out.append(Word(figure, figure, part[0].start, part[-1].end, part[0].segment, True))
                i += n
                break
    return out


def _english(words: list[Word]) -> tuple[list[Word], dict[int, frozenset[Kind]], frozenset[int]]:
    """Words without the English kind words that follow names, the kinds by the first word of those names, and the
    words of streets. What follows such a word is a segment of its own."""
    if not any(w.key in ENGLISH_KINDS or w.key in ENGLISH_LOCAL for w in words):
        return words, {}, frozenset()
    out: list[Word] = []
    named: dict[int, frozenset[Kind]] = {}
    streets: set[int] = set()
    cut, first = 0, 0
    for i, w in enumerate(words):
        if out and out[-1].segment != w.segment + cut:
            first = len(out)
        after = words[i + 1] if i + 1 < len(words) else None
        joined = after is not None and after.segment == w.segment
        before_number = after is not None and after.number and joined
        if w.key in ENGLISH_KINDS and first == len(out) and joined and not before_number:  # "Ward: Linh Trung"
            named[first] = ENGLISH_KINDS[w.key]
            continue
        if first < len(out) and not (before_number and w.key in ENGLISH_KINDS):
            if w.key in ENGLISH_KINDS:
                named[first] = ENGLISH_KINDS[w.key]
                cut += 1
                first = len(out)
                continue
            if w.key in ENGLISH_LOCAL and out[-1].key not in ("tp", "tx"):  # "TP ST": the city of Sóc Trăng
                streets.update(range(first, len(out)))
                cut += 1
                first = len(out)
                continue
        out.append(replace(w, segment=w.segment + cut) if cut else w)
    return out, named, frozenset(streets)


def _without_country(words: list[Word]) -> list[Word]:
    for country in COUNTRY:
        n = len(country)
        whole = len(words) > n and words[-n].segment != words[-n - 1].segment
        if tuple(w.key for w in words[-n:]) == country and (whole or country in (("viet", "nam"), ("vietnam",))):
            return words[:-n]
    return words


def _segments(words: list[Word]) -> tuple[tuple[int, int], ...]:
    bounds: dict[int, tuple[int, int]] = {}
    for i, word in enumerate(words):
        bounds[word.segment] = (bounds.get(word.segment, (i, i))[0], i + 1)
    return tuple(bounds[w.segment] for w in words)


def _kinds(words: list[Word]) -> list[tuple[frozenset[Kind], int, bool] | None]:
    """For each word the kind words that end right before it: (kinds, first word of them, spelt beyond doubt)."""
    found: list[tuple[frozenset[Kind], int, bool] | None] = [None] * (len(words) + 1)
    for i in range(1, len(words) + 1):
        for n in (2, 1):
            if i - n < 0:
                continue
            if i < len(words) and words[i - n].segment != words[i].segment:
                continue
            part = words[i - n : i]
            kinds = KIND_WORDS.get(tuple(w.key for w in part))
            if n == 1 and kinds is None and i < len(words) and words[i].number:
                kinds = ENGLISH_KINDS.get(part[0].key)
            if kinds and part[0].segment == part[-1].segment:
                sure = all(w.written in (w.key, WRITTEN.get(w.key)) for w in part)
                found[i] = (kinds, i - n, sure)
                break
    return found
