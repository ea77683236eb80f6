"""Places in the text where a name of a unit may stand."""

from dataclasses import dataclass

from dancu.territory.matching.index import NameIndex
from dancu.territory.matching.reading import Reading
from dancu.territory.matching.words import INNER, LEVEL, LOCAL, NEEDS_MORE, STREETS, TWO_WORDS
from dancu.territory.models import Kind

_LANES = frozenset("khnabcdl")
"""Letters glued to the number of a lane or house: "K45/12" (kiệt), "H12" (hẻm), "N5" (ngõ, ngách), "B12". Not P, Q, F: wards
and urban districts have numbers."""
LONGEST = 6
"""Words in the longest name looked for ("Nông trường Việt Lâm", "Văn Miếu - Quốc Tử Giám")."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Words `start`..`end` may be the name `key` of the units `ids`; `kinds` were named before it, from `begin` on."""

    start: int
    end: int
    begin: int
    key: str
    ids: tuple[int, ...]
    kinds: frozenset[Kind] | None
    sure: bool
    quality: float = 1.0
    written: str = ""
    """As written, in lower case."""
    marked: bool = False
    """The kind word before it is written with its marks: so would the name be."""

    def span(self) -> range:
        return range(self.begin, self.end)


def local_parts(reading: Reading) -> tuple[bool, ...]:
    """For each word: is it below the commune (house, street, hamlet)? True up to the next kind word or segment end.

    After a number ("Thôn 3 Tiên Phước") the rest of the segment is free again, unless the number is a house's.
    """
    words, local = reading.words, [i in reading.streets for i in range(len(reading.words))]
    i = 0
    while i < len(words):
        first, last = reading.segment_of[i]
        named = begins_local(reading, i)
        house = i == first and (_lane(reading, i) or (words[i].number and reading.kinds[i] is None))
        if not (named or house):
            i += 1
            continue
        street = house or words[i].key in STREETS
        local[i] = True
        i += 1
        while i < last and (not _kind_begins(reading, i) or _lane(reading, i)):
            if words[i - 1].number and not street and not words[i].number and not begins_local(reading, i):
                break
            local[i] = True
            i += 1
    return tuple(local)


def _lane(reading: Reading, i: int) -> bool:
    """Is word i the letter of a lane's or house's number?"""
    words = reading.words[i : i + 2]
    return words[0].key in _LANES and len(words) == 2 and words[1].number and words[0].end == words[1].start


def begins_local(reading: Reading, i: int) -> bool:
    """Does word i begin a house, street or hamlet?"""
    words, (first, last) = reading.words, reading.segment_of[i]
    word = words[i]
    proper = LOCAL.get(word.key)
    if proper is None or word.written not in (word.key, proper) or _inside_kind(reading, i):
        return False
    after = words[i + 1] if i + 1 < last else None
    if i > first and (words[i - 1].key, word.key) in INNER and not (after and after.number):
        return False
    if word.key in TWO_WORDS:
        return after is not None and after.key == TWO_WORDS[word.key]
    if word.written == word.key != proper and word.key in NEEDS_MORE:
        return after is not None and (after.number or (word.key, after.key) == ("so", "nha"))
    return i == first or word.written == proper or (after is not None and after.number) or begins_local(reading, i - 1)


def _inside_kind(reading: Reading, i: int) -> bool:
    """Is word i part of kind words, as "phố" in "thành phố"?"""
    after = reading.kinds[i + 1]
    later = reading.kinds[i + 2] if i + 2 < len(reading.kinds) else None
    return bool((after and after[1] <= i) or (later and later[1] <= i and later[1] < i + 1))


def _kind_begins(reading: Reading, i: int) -> bool:
    """Do kind words followed by something begin at word i?"""
    return any(
        (k := reading.kinds[j]) is not None and k[1] == i and j < len(reading.words)
        for j in (i + 1, i + 2)
        if j < len(reading.kinds)
    )


def exact_mentions(reading: Reading, index: NameIndex, local: tuple[bool, ...]) -> list[Mention]:
    """Every run of words that is, letter for letter without marks, a known name."""
    found: list[Mention] = []
    words = reading.words
    for i in range(len(words)):
        key = ""
        for j in range(i, min(i + LONGEST, len(words))):
            if j > i and words[j].segment != words[j - 1].segment and not _dash_between(reading, j):
                break
            key += words[j].key
            ids = index.by_key.get(key, [])
            if j == i and (reading.kinds[i] or reading.segment_of[i] == (i, i + 1)) and key in index.initials:
                ids = [*ids, *index.initials[key]]
            if j == i + 1 and len(words[i].key) == 1 and key in index.shortened:
                ids = [*ids, *index.shortened[key]]
            if ids:
                mention = _mention(reading, index, local, i, j + 1, key, ids)
                if mention:
                    found.append(mention)
    return _without_parts(found, reading)


def _without_parts(found: list[Mention], reading: Reading) -> list[Mention]:
    """Without names that lie inside the name a whole segment is: "Bắc Từ Liêm" between commas is not Từ Liêm."""
    if reading.words and reading.words[0].segment == reading.words[-1].segment:
        return found
    whole = {
        reading.segment_of[m.start]
        for m in found
        if m.quality == 1.0 and (m.begin, m.end) == reading.segment_of[m.start]
    }
    return [
        m
        for m in found
        if reading.segment_of[m.start] not in whole
        or m.kinds is not None
        or (m.begin, m.end) == reading.segment_of[m.start]
        or m.end > reading.segment_of[m.start][1]
    ]


def _dash_between(reading: Reading, j: int) -> bool:
    """Only a dash stands before word j ("Bà Rịa - Vũng Tàu"), not a comma."""
    between = reading.text[reading.words[j - 1].end : reading.words[j].start].strip()
    return between in ("-", "–", "—")


def _mention(
    reading: Reading, index: NameIndex, local: tuple[bool, ...], i: int, end: int, key: str, ids: list[int]
) -> Mention | None:
    words = reading.words
    named = reading.kinds[i]
    quality = 1.0
    if local[i] and (named is None or key.isdigit()):
        alone = reading.segment_of[i] == (i, end)
        if not begins_local(reading, i) or (end - i < 2 and not alone) or i > reading.segment_of[i][0]:
            return None
        quality = 0.97  # "Buôn Đôn": a district, though it begins like a hamlet; "số nhà" is not Sơn Hà
        spaced = " ".join(w.key for w in words[i:end])
        ids = [x for x in ids if end - i < 2 or index.gazetteer.key(x) == spaced]
        if not ids:
            return None
    whole = reading.segment_of[i] == (i, end)
    if named is None and (end - i == 1 or key.isdigit()):
        level_low = min(index.level(x) for x in ids)
        glued_name = any(" " in index.gazetteer.key(x) for x in ids)
        if words[i].number or (level_low == 3 and not whole and not glued_name):
            return None
    levels = {LEVEL[k] for k in named[0]} if named else {1, 2, 3}
    kept = tuple(x for x in ids if index.level(x) in levels)
    if not kept:
        if named is None or (named[2] and key.isdigit()):
            return None
        # the kind word is rather the first part of something else, or simply wrong
        return (
            None if named[2] else Mention(i, end, i, key, tuple(ids), None, False, quality, _written(reading, i, end))
        )
    begin = named[1] if named else i
    written = _written(reading, i, end)
    marked = named is not None and any(not w.written.isascii() for w in words[begin:i])
    kinds, sure = (named[0], named[2]) if named else (None, False)
    return Mention(i, end, begin, key, kept, kinds, sure, quality, written, marked)


def _written(reading: Reading, i: int, end: int) -> str:
    return " ".join(w.written for w in reading.words[i:end])
