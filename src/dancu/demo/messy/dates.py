"""Dates as clerks write them: many notations, in words, partial, impossible."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from random import Random

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_MONTHS = ("một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai")
NOTATIONS = ("dd/mm/yyyy", "d/m/yyyy", "dd-mm-yyyy", "dd.mm.yyyy", "yyyy-mm-dd", "ddmmyyyy", "said")


def notation(kind: str, year: int, month: int | None, day: int | None) -> str:
    """The date in one of `NOTATIONS`; partial dates as "1958" and "04/1990"."""
    if month is None:
        return str(year)
    if day is None:
        return f"{month:02d}/{year}"
    return {
        "dd/mm/yyyy": f"{day:02d}/{month:02d}/{year}",
        "d/m/yyyy": f"{day}/{month}/{year}",
        "dd-mm-yyyy": f"{day:02d}-{month:02d}-{year}",
        "dd.mm.yyyy": f"{day:02d}.{month:02d}.{year}",
        "yyyy-mm-dd": f"{year}-{month:02d}-{day:02d}",
        "ddmmyyyy": f"{day:02d}{month:02d}{year}",
        "said": f"ngày {day} tháng {month} năm {year}",
    }[kind]


def serial(year: int, month: int, day: int) -> int:
    """Excel's day number (1900 system)."""
    return (date(year, month, day) - date(1899, 12, 30)).days


def iso(year: int, month: int | None, day: int | None) -> str:
    """ "1958", "1990-04" or "1990-04-12"."""
    return f"{year}" + (f"-{month:02d}" + (f"-{day:02d}" if day else "") if month else "")


def _two_digits(n: int) -> str:
    tens, unit = divmod(n, 10)
    if tens == 0:
        return _DIGITS[unit]
    if tens == 1:
        return "mười" + ("" if unit == 0 else " " + ("lăm" if unit == 5 else _DIGITS[unit]))
    word = {0: "", 1: " mốt", 4: " tư", 5: " lăm"}.get(unit, " " + _DIGITS[unit])
    return _DIGITS[tens] + " mươi" + word


def in_words(rng: Random, year: int, month: int | None, day: int | None) -> str:
    """As a birth certificate spells it: "Ngày mười hai, tháng tư, năm một nghìn chín trăm chín mươi"."""
    thousand = rng.choice(("nghìn", "nghìn", "ngàn"))
    rest = year % 100
    tail = "" if rest == 0 else (f" {rng.choice(('linh', 'lẻ'))} " if rest < 10 else " ") + _two_digits(rest)
    said = f"năm {_DIGITS[year // 1000]} {thousand} {_DIGITS[year // 100 % 10]} trăm{tail}"
    if month:
        comma = rng.choice((",", ""))
        said = f"tháng {_MONTHS[month - 1]}{comma} {said}"
        if day:
            first = f"{rng.choice(('mùng', 'mồng', ''))} {_two_digits(day)}".strip() if day <= 10 else _two_digits(day)
            said = f"ngày {first}{comma} {said}"
    return said[0].upper() + said[1:]


def impossible(rng: Random, year: int) -> str:
    """A date no calendar has."""
    return rng.choice((f"31/02/{year}", f"30/02/{year}", f"31/04/{year}", f"15/13/{year}", f"32/01/{year}"))


def another(rng: Random, year: int, month: int, day: int) -> tuple[int, int, int]:
    """A date that differs in one part, as a slip does."""
    which = rng.randrange(3)
    if which == 0:
        year += rng.choice((-1, 1, 10))
    elif which == 1:
        month = month % 12 + 1
    else:
        day = day % 28 + 1
    return year, month, min(day, monthrange(year, month)[1])
