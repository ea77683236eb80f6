"""Dates as people, spreadsheets and old software wrote them. What is doubtful is read and marked with a
finding; what is no date at all is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from ..clock import vietnam_day
from ..errors import Invalid
from ..findings import Finding
from ..text import fold_ascii
from .cycle import CYCLE, without_cycle
from .notations import APPROXIMATE, CENTURY, LUNAR, MISREAD, ZONE, Order, Reader
from .partial import PartialDate
from .words import read_words


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """`notation` names how it was written: "dmy", "mdy", "ymd", "my", "ym", "y", "ddmmyyyy", "yyyymmdd",
    "ddmmyy", "said" (ngày 3 tháng 5 năm 1990), "month_name", "serial" (a spreadsheet's day count), "words",
    "date" (a date object)."""

    date: PartialDate
    notation: str
    findings: tuple[Finding, ...] = ()


#: Said about the date rather than part of it; what they take away leaves a finding.
_MARKS: Final = (
    (
        re.compile(r"^(?:sinh )?(?:khoang|chung|uoc(?: chung)?|k\.|~|ca?\.)(?: nam)? *(?=\d|thang)"),
        APPROXIMATE,
    ),
    (re.compile(r"(?<=\d) *(?:\(?khoang\)?|\(?\?\)?)$"), APPROXIMATE),
    (re.compile(r"[( ]+(?:am lich|al|a\.l\.?)\)?$"), LUNAR),
)
#: The fifteenth is called rằm in the lunar calendar only.
_RAM: Final = re.compile(r"\bram\b")
_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ROMAN_MONTH: Final = re.compile(rf"(?<=\d)( ?[-/.] ?)({'|'.join(_ROMAN)})(?= ?[-/.] ?\d{{4}}$)")
_NOISE: Final = (
    re.compile(r"^(?:thu (?:hai|ba|tu|nam|sau|bay|[2-7])|chu nhat|cn),? *(?=ngay|\d)"),
    re.compile(r"^(?:hoi |luc )?\d{1,2} ?(?:gio|h) ?(?:\d{1,2} ?(?:phut|p|')?)?,? *(?=ngay)"),
    # As Java prints a date; only in the time of Vietnam, where the day is the one that was meant.
    re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun) (?=[a-z]{3} \d)"),
    re.compile(r"(?<=\d) \d\d:\d\d:\d\d (?:ict|gmt\+0?7:?(?:00)?)(?= \d{4}$)"),
    re.compile(r"^(?:sinh )?(?:ngay|nam)?(?: sinh)?:? *(?=\d{1,4}(?:[-/. ]|$))"),
    re.compile(r"^\d{1,2}:\d{2}(?::\d{2})? +"),
    re.compile(r"(?:[t ]+\d{1,2}:\d{2}(?::\d{2})?[.\d]*(?: ?[ap]m)?)$"),
    re.compile(r"(?<=\d)[.,; ]+$"),
)
_UNKNOWN = r"(?:khong|chua) (?:ro|nho|biet|co|xac dinh)|null|none|nan|n/a"
_EMPTY: Final = re.compile(rf"[-_?.*x/ 0]*|{_UNKNOWN}")
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(z|[+-]\d\d:?\d\d)")
#: As nearly all are written. Read without more ado, and not worth remembering; the last days of a February are looked at closely.
_DAY, _MONTH, _YEAR = "0?[1-9]|[12][0-9]|3[01]", "0?[1-9]|1[0-2]", "(?:19|20)[0-9]{2}"
_PLAIN: Final = re.compile(
    rf"({_DAY})([/.-])({_MONTH})\2({_YEAR})|({_YEAR})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])|({_YEAR})"
    rf"|(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])({_YEAR})|({_MONTH})/({_YEAR})|ngày ({_DAY}) tháng ({_MONTH}) năm ({_YEAR})"
)
#: By the last group of it: the notation, and the groups of day, month (0: not said) and year.
_PLAINLY: Final = {
    4: ("dmy", 1, 3, 4), 7: ("ymd", 7, 6, 5), 8: ("y", 0, 0, 8), 11: ("ddmmyyyy", 9, 10, 11), 13: ("my", 0, 12, 13), 16: ("said", 14, 15, 16),
}  # fmt: skip
_SHORTEST: Final = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MISREAD_LETTERS: Final = str.maketrans("ol", "01")


def parse_date(
    value: str | int | float | date, *, two_digit_century: int | None = None, order: Order = "dmy"
) -> ParsedDate:
    """Read a date in any notation of the field: text, or what a spreadsheet reader gives (numbers, dates).

    `two_digit_century` (1900, 2000) settles years of two digits; without it years below 30 are taken for
    20xx. The finding "date.century" stays either way. `order` says how 03/05/1990 is meant. Raises Invalid:
    "date.empty" (nothing, or said to be unknown), "date.format" (no notation fits), "date.impossible"
    (31/02), "date.cycle_alone" and "date.cycle_none" (a year by stem and branch without one in digits).
    """
    if isinstance(value, date):
        return _from_object(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if order == "dmy" and isinstance(value, str) and (plain := _PLAIN.fullmatch(value)):
        notation, d, m, y = _PLAINLY[plain.lastindex or 0]
        day, month = int(plain[d]) if d else None, int(plain[m]) if m else None
        if day is None or month is None or day <= _SHORTEST[month]:
            return ParsedDate(PartialDate(int(plain[y]), month, day), notation)
    return _parse_text(value if isinstance(value, str) else str(value), two_digit_century, order)


@lru_cache(maxsize=4096)
def _parse_text(raw: str, two_digit_century: int | None, order: Order) -> ParsedDate:
    if len(raw) > 200:
        raise _format()
    text = fold_ascii(normalize("NFKC", raw))
    if _EMPTY.fullmatch(text) and _says_nothing(text, raw):
        raise Invalid("date.empty", "Chưa có ngày: để trống nếu không rõ")
    instant = _INSTANT.fullmatch(text)
    if instant:
        return _from_object(datetime.fromisoformat(instant.group().upper().replace(" ", "T")))
    text, cycle = without_cycle(text)
    reader = Reader(two_digit_century, order)
    for pattern, finding in _MARKS:
        shorter = pattern.sub("", text)
        if shorter != text:
            reader.note(finding)
            text = shorter
    for pattern in _NOISE:
        text = pattern.sub("", text)
    if _RAM.search(text) and LUNAR not in reader.findings:
        reader.note(LUNAR)
    text = _ROMAN_MONTH.sub(lambda month: f"{month[1]}{_ROMAN.index(month[2]) + 1}", text)
    text = re.sub(r"^(\d+)\.0+$", r"\1", text)
    read = reader.read(text) or _misread(reader, text) or _worded(reader, text if cycle or LUNAR in reader.findings else raw)
    if read is None:
        raise _format()
    if cycle is not None:
        if read[0].month is not None and read[1] in ("said", "words") and LUNAR not in reader.findings:
            reader.note(LUNAR)  # who says the year so says the month so
        if not cycle.fits(read[0]):
            reader.note(CYCLE)
    return ParsedDate(read[0], read[1], tuple(reader.findings))


def _says_nothing(text: str, raw: str) -> bool:
    # Digits of another script fold away; that is something unreadable, not nothing.
    return any(map(str.isalnum, text)) or not any(map(str.isalnum, raw))


def _from_object(value: date) -> ParsedDate:
    """A date object; an aware instant counts as the day it was in Vietnam (exports write its midnight as
    17:00Z)."""
    if isinstance(value, datetime):
        moved = vietnam_day(value) if value.tzinfo else value.date()
        findings = (ZONE,) if moved != value.date() else ()
        return ParsedDate(PartialDate.of(moved), "date", findings)
    return ParsedDate(PartialDate.of(value), "date")


def _misread(reader: Reader, text: str) -> tuple[PartialDate, str] | None:
    """O and l for 0 and 1, as typists and OCR write them, where only that makes it a date."""
    digits = text.translate(_MISREAD_LETTERS)
    if digits == text or not re.fullmatch(r"[\d./\- ]+", digits):
        return None
    reader.note(MISREAD)
    return reader.read(digits)


def _worded(reader: Reader, raw: str) -> tuple[PartialDate, str] | None:
    try:
        spoken, short_year = read_words(raw)
    except Invalid:
        return None
    if short_year:
        reader.note(CENTURY)
    return spoken, "words"


def _format() -> Invalid:
    return Invalid("date.format", "Không đọc được ngày: ghi ngày/tháng/năm, ví dụ 03/05/1990")
