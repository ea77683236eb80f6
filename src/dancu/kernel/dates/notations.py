"""The notations of dates: one pattern each, and a reader that collects findings on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, Literal

from ..findings import Finding
from .partial import PartialDate

Order = Literal["dmy", "mdy"]


SWAPPED: Final = Finding("date.swapped", "Ngày và tháng có vẻ bị đổi chỗ")
CENTURY: Final = Finding("date.century", "Năm chỉ có hai chữ số, chưa chắc thuộc thế kỷ nào")
APPROXIMATE: Final = Finding("date.approximate", "Năm chỉ là ước chừng")
PART_UNKNOWN: Final = Finding("date.part_unknown", "Ngày hoặc tháng được ghi là không rõ")
SERIAL: Final = Finding("date.serial", "Ngày được ghi bằng số thứ tự của bảng tính")
LOST_ZERO: Final = Finding("date.lost_zero", "Số 0 đầu của ngày có vẻ bị mất")
MISREAD: Final = Finding("date.misread", "Chữ O hoặc l được đọc là số 0 hoặc 1")
AMBIGUOUS: Final = Finding("date.ambiguous", "Sáu chữ số có thể đọc thành hai ngày khác nhau")
ZONE: Final = Finding("date.zone", "Thời điểm ghi theo múi giờ khác, đã đổi sang ngày ở Việt Nam")
LUNAR: Final = Finding("date.lunar", "Ngày được ghi theo âm lịch, chưa đổi sang dương lịch")
_FIRST, _LAST = 1850, 2100
IMPLAUSIBLE: Final = Finding.of("date.implausible", "Năm nằm ngoài khoảng {first} đến {last}", first=_FIRST, last=_LAST)

#: Two-digit years below this are taken for 20xx, if the caller does not say the century.
PIVOT: Final = 30
#: Day 0 of spreadsheets. Their day 60 (29/2/1900) never was; nobody's date comes from before it in this form.
_EPOCH: Final = date(1899, 12, 30)
#: Serial numbers are taken for days from 1927 to 2100.
_SERIALS: Final = (10_000, 73_415)

_UNKNOWN = r"(?:0{1,2}|[-_?.*x]{1,2})"
_DAY = rf"(\d{{1,2}}|{_UNKNOWN})"
_SEPARATOR = r" ?([-/.\\, ]) ?"

_THREE: Final = re.compile(rf"{_DAY}{_SEPARATOR}{_DAY} ?\2 ?(\d{{4}}|\d{{2}})")
_YMD: Final = re.compile(rf"(\d{{4}}){_SEPARATOR}{_DAY} ?\2 ?{_DAY}")
_MY: Final = re.compile(rf"(?:thang |t)?{_DAY} ?[-/.\\] ?(\d{{4}})")
_YM: Final = re.compile(rf"(\d{{4}}) ?[-/.] ?{_DAY}")
_SAID: Final = re.compile(
    r"(?:(?:ngay )?(?:mung |mong )?(\d{1,2}),? )?(?:thang|thg\.?|th\.?) ?(\d{1,2}),? (?:(?:nam|n\.) ?)?(\d{4}|\d{2})"
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DAY_NAME: Final = re.compile(rf"(\d{{1,2}})[- /]{_NAME}[- /,]+(\d{{4}}|\d{{2}})")
_NAME_DAY: Final = re.compile(rf"{_NAME} (\d{{1,2}}),? (\d{{4}})")


class Reader:
    """One value being read: options in, findings collected on the way."""

    def __init__(self, two_digit_century: int | None, order: Order) -> None:
        self.century = two_digit_century
        self.order = order
        self.findings: list[Finding] = []

    def note(self, finding: Finding) -> None:
        if finding not in self.findings:
            self.findings.append(finding)

    def year(self, text: str) -> int:
        year = int(text)
        if len(text) == 2:
            self.note(CENTURY)
            century = self.century if self.century is not None else (2000 if year < PIVOT else 1900)
            return century + year
        if not _FIRST <= year <= _LAST:
            self.note(IMPLAUSIBLE)
        return year

    def part(self, text: str) -> int | None:
        value = int(text) if text.isdigit() else 0
        if not value:
            self.note(PART_UNKNOWN)
        return value or None

    def make(self, day_text: str, month_text: str, year_text: str) -> PartialDate:
        """A date of the three parts; a month that can only be a day is swapped with the day."""
        year, month, day = self.year(year_text), self.part(month_text), self.part(day_text)
        if month is not None and day is not None and month > 12 >= day:
            self.note(SWAPPED)
            month, day = day, month
        return PartialDate(year, month, day if month is not None else None)

    def read(self, text: str) -> tuple[PartialDate, str] | None:
        """The date and notation, or None if no notation fits. Raises Invalid("date.impossible")."""
        if text.isdigit():
            return self.digits(text)
        if re.fullmatch(r"\d{5}\.\d+", text):
            return self.digits(text.partition(".")[0])
        for pattern, notation, read in _NOTATIONS:
            found = pattern.fullmatch(text)
            if found:
                return read(self, found), "mdy" if notation == "dmy" and self.order == "mdy" else notation
        return None

    def digits(self, text: str) -> tuple[PartialDate, str] | None:
        match len(text):
            case 8 if _FIRST <= int(text[4:]) <= _LAST:
                return self.make(text[:2], text[2:4], text[4:]), "ddmmyyyy"
            case 8:
                return self.make(text[6:], text[4:6], text[:4]), "yyyymmdd"
            case 7:
                self.note(LOST_ZERO)
                return self.make(text[:1], text[1:3], text[3:]), "ddmmyyyy"
            case 6:
                return self.six(text)
            case 5 if _SERIALS[0] <= int(text) <= _SERIALS[1]:
                self.note(SERIAL)
                return PartialDate.of(_EPOCH + timedelta(days=int(text))), "serial"
            case 4 | 2:
                return PartialDate(self.year(text)), "y"
        return None

    def six(self, text: str) -> tuple[PartialDate, str]:
        if _FIRST <= int(text[2:]) <= _LAST and 1 <= int(text[:2]) <= 12:
            return PartialDate(self.year(text[2:]), int(text[:2])), "my"
        if _FIRST <= int(text[:4]) <= _LAST and 1 <= int(text[4:]) <= 12:
            if int(text[2:4]) <= 12:
                self.note(AMBIGUOUS)
            else:
                return PartialDate(self.year(text[:4]), int(text[4:])), "ym"
        return self.make(text[:2], text[2:4], text[4:]), "ddmmyy"


def _three(reader: Reader, found: re.Match[str]) -> PartialDate:
    first, _, second, year = found.groups()
    return reader.make(second, first, year) if reader.order == "mdy" else reader.make(first, second, year)


def _said(reader: Reader, found: re.Match[str]) -> PartialDate:
    day, month, year = found.groups()
    return PartialDate(reader.year(year), int(month)) if day is None else reader.make(day, month, year)


def _month_year(reader: Reader, month: str, year: str) -> PartialDate:
    return PartialDate(reader.year(year), reader.part(month))


def _month_number(name: str) -> str:
    return str(_MONTHS.index(name) + 1)


_Read = Callable[[Reader, re.Match[str]], PartialDate]
_NOTATIONS: Final[tuple[tuple[re.Pattern[str], str, _Read], ...]] = (
    (_YMD, "ymd", lambda r, m: r.make(m[4], m[3], m[1])),
    (_THREE, "dmy", _three),
    (_MY, "my", lambda r, m: _month_year(r, m[1], m[2])),
    (_YM, "ym", lambda r, m: _month_year(r, m[2], m[1])),
    (_SAID, "said", _said),
    (_DAY_NAME, "month_name", lambda r, m: r.make(m[1], _month_number(m[2]), m[3])),
    (_NAME_DAY, "month_name", lambda r, m: r.make(m[2], _month_number(m[1]), m[3])),
)
