"""How one field of a row stands to the same field of a person: the levels that weights are given for. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from dancu.kernel.dates import PartialDate
from dancu.kernel.names import plain_keys

# Spelling by ear: what the regions hear as one.
_EAR: Final = (("tr", "ch"), ("gi", "d"), ("v", "d"), ("r", "d"), ("s", "x"), ("l", "n"), ("kh", "h"), ("qu", "w"))
_EAR_ENDS: Final = (("ng", "n"), ("nh", "n"), ("c", "t"), ("ch", "t"), ("y", "i"))

# Names kept at hand. A file of millions has hundreds of thousands, few of them often: more would take memory and save nothing.
_REMEMBERED: Final = 4_096


@lru_cache(maxsize=_REMEMBERED)
def keys(name: str) -> tuple[str, str]:
    """(folded, ASCII) keys of a name of the registry."""
    return plain_keys(name)


@lru_cache(maxsize=_REMEMBERED)
def heard(name: str) -> str:
    """The ASCII name as all regions hear it: "trinh luong" and "chinh nuong" are one."""
    return " ".join(map(_heard, name.split()))


def _heard(word: str) -> str:
    for a, b in _EAR:
        if word.startswith(a) and len(word) > len(a):
            word = b + word[len(a) :]
            break
    for a, b in _EAR_ENDS:
        if word.endswith(a) and len(word) > len(a):
            return word[: -len(a)] + b
    return word


def compare_name(normal: str, folded: str, plain: str, person: str) -> str:
    """The best level over all names of the person ("|" between them), of a name in its normal form and with its keys:
    same | marks (but for marks) | order | typo (one letter, or two in a long name) | heard | word (one missing or too many) |
    typos (two or three letters) | initials | given (surname and given name the same) | surname | other."""
    names = person.split("|")
    if normal in names:  # as most are: no keys have to be made
        return "same"
    best = "other"
    for name in names:
        level = _name_level(folded, plain, name)
        if _RANK[level] < _RANK[best]:
            best = level
            if best == "same":
                break
    return best


NAME_LEVELS: Final = ("same", "marks", "order", "typo", "heard", "word", "typos", "initials", "given", "surname", "other")
_RANK: Final = {level: rank for rank, level in enumerate(NAME_LEVELS)}


def _name_level(folded: str, plain: str, name: str) -> str:
    their_folded, theirs = keys(name)
    if their_folded == folded:
        return "same"
    if theirs == plain:
        return "marks"
    ours, words = plain.split(), theirs.split()
    if len(ours) == len(words) and sorted(ours) == sorted(words):
        return "order"
    apart = OSA.distance(plain, theirs, score_cutoff=3)
    if apart == 1 and not _another_word(ours, words):
        return "typo"
    if heard(plain) == heard(theirs):
        return "heard"
    if abs(len(ours) - len(words)) == 1 and _within(ours, words):
        return "word"
    if apart == 1 or (apart == 2 and len(plain) >= 8 and not _another_given(ours, words)):
        return "typos"
    if len(ours) == len(words) > 1 and all(a == b or (len(a.strip(".")) == 1 and b[0] == a[0]) for a, b in zip(ours, words, strict=True)):
        return "initials"
    if ours[0] == words[0]:
        return "given" if len(ours) > 1 and len(words) > 1 and ours[-1] == words[-1] else "surname"
    return "other"


def _another_word(ours: list[str], theirs: list[str]) -> bool:
    """One letter apart, but both are short words of their own: "an" and "anh" are two people, not a slip."""
    if len(ours) != len(theirs):
        return False
    return any(a != b and min(len(a), len(b)) <= 2 for a, b in zip(ours, theirs, strict=True))


def _another_given(ours: list[str], theirs: list[str]) -> bool:
    return OSA.distance(ours[-1], theirs[-1]) >= 2


def _within(ours: list[str], theirs: list[str]) -> bool:
    """Is one the other with a word left out?"""
    short, long = sorted((ours, theirs), key=len)
    rest = iter(long)
    return len(short) > 1 and all(word in rest for word in short)


def compare_birth(declared: PartialDate, vague: bool, year: int, month: int | None, day: int | None) -> str:
    """same | month (year and month, one of both knows no day) | year (the year, one of both knows no more) | swapped (day and
    month) | part (year and one of day and month) | vague (a first of January of the same year) | decade (day and month, and a
    year one or ten beside) | year_differs (day and month alone) | other."""
    if declared.year == year:
        if declared.month is None or month is None:
            return "year"
        if declared.day is None or day is None:
            return "month" if declared.month == month else "other"
        if declared.month == month and declared.day == day:
            return "same"
        if vague:
            return "vague"
        if declared.month == day and declared.day == month:
            return "swapped"
        return "part" if declared.month == month or declared.day == day else "other"
    if declared.day is not None and declared.month == month and declared.day == day:
        return "decade" if abs(declared.year - year) in (1, 10) else "year_differs"
    return "other"


def compare_number(number: str, head_number: str, numbers: str) -> str:
    """same (the present personal number) | old (one that was theirs) | near (one slip away, or the serial the same) | head (stands
    in the head's column) | other | none (nothing to compare). `numbers` as Candidate has them."""
    if not number:
        return "head" if head_number and head_number in numbers else "none"
    level = "none"
    for entry in numbers.split():
        theirs = entry[2:]
        if theirs == number or theirs == f"0{number}":
            return "same" if entry[:2] == "pa" else "old"
        if len(number) >= 8 and abs(len(theirs) - len(number)) <= 1:
            if OSA.distance(theirs, number, score_cutoff=1) <= 1 or (len(theirs) == 12 == len(number) and theirs[6:] == number[6:]):
                level = "near"
            elif level == "none":
                level = "other"
    if level != "near" and head_number and head_number in numbers:
        return "head"
    return level
