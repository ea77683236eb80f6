"""From the characters of an address to words with positions, segments and kind words."""

import re
from dataclasses import dataclass
from functools import lru_cache

from dancu.kernel.names import fold_ascii, repair, tone_fold
from dancu.territory.matching.words import COUNTRY, KIND_WORDS, WRITTEN
from dancu.territory.models import Kind

_PIECE = re.compile(
    r"(?P<word>[^\W\d_]+(?:['’`‘][^\W\d_]+)*)|(?P<number>\d+)|(?P<hard>[,;|\n\t()\[\]]+)|(?P<dash>[-–—_]+)|(?P<slash>[/\\])"
)
_MOST = 600
"""Characters read, from the end, where the units stand: nobody's address is longer, and work grows with length."""


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


@lru_cache(maxsize=20_000)
def _keys(raw: str) -> tuple[str, str]:
    key = fold_ascii(raw).replace("'", "").replace(" ", "")
    return key, tone_fold(raw)


def read(text: str) -> Reading:
    """Cut an address into words. Legacy encodings and eth are repaired first; nothing is dropped but the country."""
    text = repair(text[-_MOST:])[0]
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
            segment += spaced
        elif kind == "slash":
            around = [p.lastgroup for p in (pieces[n - 1 : n] + pieces[n + 1 : n + 2])]
            segment += around == ["word", "word"]
        else:
            raw = piece.group()
            if kind == "number":
                key = written = raw.lstrip("0") or "0"
            else:
                key, written = _keys(raw)
            words.append(Word(key, written, start, end, segment, kind == "number"))
    words = _without_country(words)
    return Reading(text, tuple(words), _kinds(words), _segments(words))


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


def _kinds(words: list[Word]) -> tuple[tuple[frozenset[Kind], int, bool] | None, ...]:
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
            if kinds and part[0].segment == part[-1].segment:
                sure = all(w.written in (w.key, WRITTEN.get(w.key)) for w in part)
                found[i] = (kinds, i - n, sure)
                break
    return tuple(found)
