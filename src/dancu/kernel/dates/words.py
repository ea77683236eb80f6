"""Dates in words, as birth certificates have them beside the digits: reading and writing both ways.

Reading works on folded text (no marks, lower case), because the words come from books typed with any or no
diacritics; no two number words fall together by that. "Năm" is both five and year, so all ways to cut the
words into day, month and year are tried, and only one reading may remain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from ..errors import DancuError, Invalid
from ..findings import Finding
from ..text import fold_ascii
from .partial import PartialDate

_UNITS: Final = {
    "khong": 0, "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "lam": 5, "nham": 5, "sau": 6,
    "bay": 7, "tam": 8, "chin": 9,
}  # fmt: skip
_MONTH_NAMES: Final = {"gieng": 1, "chap": 12}
_THOUSAND: Final = ("nghin", "ngan")
_ZERO_TENS: Final = ("linh", "le")
#: Words that carry no number.
_FILLER: Final = frozenset(("ngay", "mung", "mong", "hom", "sinh", "vao", "va", "duong", "lich"))
_KNOWN: Final = frozenset({*_UNITS, *_MONTH_NAMES, *_THOUSAND, *_ZERO_TENS, "thang", "tram", "muoi", "ram"})
_TOKEN: Final = re.compile(r"[a-z]+|\d+")
_YEARS: Final = range(1800, 2200)
_LONGEST: Final = 16

Words = Sequence[str]


def parse_words(text: str) -> PartialDate:
    """Read "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi" and its variants: mồng/mùng, lăm/nhăm,
    nghìn/ngàn, linh/lẻ, digit by digit ("hai không không chín"), giêng and chạp, no diacritics, words left
    out.

    Raises Invalid("date.words") if it cannot be read, or can be read in two ways.
    """
    return read_words(text)[0]


def read_words(text: str) -> tuple[PartialDate, bool]:
    """As `parse_words`; the flag says that the year had two digits only and its century was assumed."""
    tokens = [t for t in _TOKEN.findall(fold_ascii(text[:300])) if t not in _FILLER]
    readings: set[tuple[PartialDate, bool]] = set()
    if tokens and len(tokens) <= _LONGEST and all(t in _KNOWN or t.isdigit() for t in tokens):
        readings = set(_readings(tokens))
        full_years = {reading for reading in readings if not reading[1]}
        readings = full_years or readings
    if len(readings) != 1:
        raise Invalid("date.words", "Không đọc được ngày ghi bằng chữ")
    return readings.pop()


def _readings(tokens: Words) -> Iterator[tuple[PartialDate, bool]]:
    if "thang" in tokens:
        at = tokens.index("thang")
        rest = tokens[at + 1 :]
        yield from _dates(_days(tokens[:at]), rest, (1, 2))
        return
    years = [*_years(tokens), *_marked_years(tokens)]
    for year, short in years:
        yield PartialDate(year), short
    if not years:  # "tháng" itself left out: day and month follow each other
        for cut in (1, 2, 3):
            yield from _dates(_days(tokens[:cut]), tokens[cut:], (1, 2))


def _dates(days: list[int | None], rest: Words, cuts: Sequence[int]) -> Iterator[tuple[PartialDate, bool]]:
    for cut in cuts:
        months, year_words = _months(rest[:cut]), rest[cut:]
        years = [*_marked_years(year_words)]
        if year_words and year_words[0] not in _THOUSAND:
            # Without "năm" the "một" of một nghìn may not be missing too: it would be taken from the month.
            years += _years(year_words)
        for day, month, (year, short) in product(days, months, years):
            try:
                yield PartialDate(year, month, day), short
            except DancuError:
                continue


def _marked_years(tokens: Words) -> Iterator[tuple[int, bool]]:
    if tokens and tokens[0] == "nam":
        yield from _years(tokens[1:])


def _days(tokens: Words) -> list[int | None]:
    if not tokens:
        return [None]
    if tokens == ["ram"]:
        return [15]
    value = int(tokens[0]) if len(tokens) == 1 and tokens[0].isdigit() else _below_hundred(tokens)
    if value is None and len(tokens) == 1:
        value = _UNITS.get(tokens[0])
    return [value] if value is not None and 1 <= value <= 31 else []


def _months(tokens: Words) -> list[int | None]:
    if len(tokens) == 1 and tokens[0] in _MONTH_NAMES:
        return [_MONTH_NAMES[tokens[0]]]
    if len(tokens) == 2 and tokens[0] != "muoi":
        return []
    return [month for month in _days(tokens) if month is not None and month <= 12]


def _years(tokens: Words) -> Iterator[tuple[int, bool]]:
    """Every year the tokens can mean, with a flag for a year of two digits."""
    for year in _long_years(tokens):
        if year in _YEARS:
            yield year, False
    short = _below_hundred(tokens)
    if short is not None and "muoi" in tokens and short >= 30:
        yield 1900 + short, True


def _long_years(tokens: Words) -> Iterator[int]:
    if len(tokens) == 1 and tokens[0].isdigit() and len(tokens[0]) == 4:
        yield int(tokens[0])
    digits = [_UNITS.get(t) for t in tokens]
    if len(digits) == 4 and None not in digits:
        yield int("".join(map(str, digits)))
    at = next((i for i, t in enumerate(tokens) if t in _THOUSAND), None)
    if at is not None and at <= 1:
        thousands = _UNITS.get(tokens[0]) if at == 1 else 1  # "nghìn chín trăm": một left out
        rest = _below_thousand(tokens[at + 1 :], after=thousands or 0)
        if thousands is not None and rest is not None:
            yield thousands * 1000 + rest
    elif at is None and "tram" in tokens and tokens[0] in _UNITS and tokens[1] != "tram":
        rest = _below_thousand(tokens[1:], after=0)  # "một chín trăm": nghìn left out
        if rest is not None:
            yield _UNITS[tokens[0]] * 1000 + rest


def _below_thousand(tokens: Words, after: int) -> int | None:
    if not tokens:
        return 0
    if len(tokens) >= 2 and tokens[1] == "tram" and tokens[0] in _UNITS:
        hundreds, rest = _UNITS[tokens[0]], tokens[2:]
        if not rest:
            return hundreds * 100
        # "hai nghìn không trăm chín" is 2009; "chín trăm chín" would be 909 or, as spoken, 990: not guessed.
        below = _below_hundred(rest)
        if below is None and len(rest) == 1 and not hundreds:
            below = _UNITS.get(rest[0])
        return None if below is None else hundreds * 100 + below
    if len(tokens) == 1 and after == 2:
        return _UNITS.get(tokens[0], 10 if tokens[0] == "muoi" else None)  # "hai nghìn chín"
    below = _below_hundred(tokens)
    if below is None and len(tokens) > 2 and tokens[0] in _UNITS:
        tens = _below_hundred(tokens[1:])  # "một nghìn chín chín mươi": trăm left out
        return None if tens is None else _UNITS[tokens[0]] * 100 + tens
    return below


def _below_hundred(tokens: Words) -> int | None:
    """10..99 as spoken, or "linh chín"; a single unit is left to the caller, who knows what it may mean."""
    match tokens:
        case ["muoi"]:
            return 10
        case ["muoi", unit] if unit in _UNITS:
            return 10 + _UNITS[unit]
        case [tens, "muoi"] if _UNITS.get(tens, 0) >= 2:
            return _UNITS[tens] * 10
        case [tens, "muoi", unit] if _UNITS.get(tens, 0) >= 2 and unit in _UNITS:
            return _UNITS[tens] * 10 + _UNITS[unit]
        case [zero, unit] if zero in _ZERO_TENS and unit in _UNITS:
            return _UNITS[unit]
        case [tens, unit] if _UNITS.get(tens, 0) >= 2 and unit in _UNITS:
            return _UNITS[tens] * 10 + _UNITS[unit]  # "chín ba", ninety-three
    return None


_NAMES: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


def to_words(date: PartialDate) -> str:
    """The date in words, as in register books: "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi"."""
    parts = []
    if date.day is not None:
        parts.append(f"ngày {_tens_in_words(date.day)}")
    if date.month is not None:
        parts.append(f"tháng {'tư' if date.month == 4 else _tens_in_words(date.month)}")
    parts.append(f"năm {_year_in_words(date.year)}")
    sentence = " ".join(parts)
    return sentence[0].upper() + sentence[1:]


def _year_in_words(year: int) -> str:
    thousands, rest = divmod(year, 1000)
    words = [f"{_NAMES[thousands]} nghìn"] if thousands else []
    if rest:
        hundreds, below = divmod(rest, 100)
        if thousands or hundreds:
            words.append(f"{_NAMES[hundreds]} trăm")
        if below:
            words.append(f"linh {_NAMES[below]}" if below < 10 and words else _tens_in_words(below))
    return " ".join(words)


def _tens_in_words(number: int) -> str:
    tens, unit = divmod(number, 10)
    if not tens:
        return _NAMES[unit]
    words = "mười" if tens == 1 else f"{_NAMES[tens]} mươi"
    if not unit:
        return words
    name = {1: "mốt" if tens > 1 else "một", 4: "tư" if tens > 1 else "bốn", 5: "lăm"}.get(unit, _NAMES[unit])
    return f"{words} {name}"


UNREADABLE: Final = Finding("date.words.unreadable", "Không đọc được ngày ghi bằng chữ")
_DIFFERENT: Final = {
    "day": Finding("date.words.day", "Ngày ghi bằng số và bằng chữ không khớp nhau"),
    "month": Finding("date.words.month", "Tháng ghi bằng số và bằng chữ không khớp nhau"),
    "year": Finding("date.words.year", "Năm ghi bằng số và bằng chữ không khớp nhau"),
}
_MISSING: Final = {
    "day": Finding("date.words.day_missing", "Ngày chỉ được ghi bằng số hoặc chỉ bằng chữ"),
    "month": Finding("date.words.month_missing", "Tháng chỉ được ghi bằng số hoặc chỉ bằng chữ"),
}


def cross_check_words(date: PartialDate, words: str) -> tuple[Finding, ...]:
    """Findings where the date in digits and the date in words do not agree, one per part; () if they do.

    A part that only one of the two has is a finding of its own, since it can be taken over.
    """
    try:
        spoken = parse_words(words)
    except Invalid:
        return (UNREADABLE,)
    findings = []
    for part, different in _DIFFERENT.items():
        written, said = getattr(date, part), getattr(spoken, part)
        if written != said:
            findings.append(_MISSING[part] if written is None or said is None else different)
    return tuple(findings)
