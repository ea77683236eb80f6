"""The personal ID number (số định danh cá nhân): 3 digits for the province or country of birth registration,
1 for century and sex, 2 for the year of birth, 6 drawn at random. It has no check digit (Decree 137/2015,
art. 13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from ..clock import SYSTEM_CLOCK
from ..dates import PartialDate
from ..errors import Invalid
from ..findings import Finding
from .digits import not_digits, plain_digits
from .provinces import ELSEWHERE, place_name

Sex = Literal["male", "female"]

LENGTH: Final = 12
#: Numbers that one cell of (place, century and sex, year) can give out.
SERIALS_PER_CELL: Final = 1_000_000
#: The century digit counts from 1900: 0/1 male/female of the 1900s, 2/3 of the 2000s, … 8/9 of the 2300s.
_FIRST_YEAR, _LAST_YEAR = 1900, 2399

FUTURE: Final = "Năm sinh mà số này nói chưa tới: có lẽ gõ nhầm chữ số thứ tư"
SEX_DIFFERS: Final = Finding("person.number.sex", "Giới tính không khớp với số định danh")
YEAR_DIFFERS: Final = Finding("person.number.year", "Năm sinh không khớp với số định danh")


@dataclass(frozen=True, slots=True)
class PersonalId:
    """A well-formed personal number. What it says about sex and year is what was registered when it was
    given; both may have been corrected since, so a contradiction is a finding (`cross_check`) and no
    refusal."""

    value: str

    @classmethod
    def parse(cls, text: str) -> PersonalId:
        """Read a number typed with or without spaces, dots, dashes, in ordinary or full-width digits.

        Raises Invalid: "person.number.digits" (something else than digits), "person.number.rounded" (a spreadsheet's
        4.919E+10), "person.number.length" (not 12).
        """
        digits = plain_digits(text)
        if digits is None:
            raise not_digits(text, Invalid("person.number.digits", "Số định danh chỉ gồm chữ số"))
        if len(digits) != LENGTH:
            raise Invalid("person.number.length", "Số định danh phải có 12 chữ số")
        return cls(digits)

    @classmethod
    def compose(cls, place_code: str, sex: Sex, year: int, serial: int) -> PersonalId:
        """The number of these parts. `place_code` is any three digits: which code a place uses is the
        caller's configuration. Raises Invalid("person.number.parts") for parts no number can hold."""
        fits = len(place_code) == 3 and place_code.isascii() and place_code.isdigit()
        if not (fits and _FIRST_YEAR <= year <= _LAST_YEAR and 0 <= serial < SERIALS_PER_CELL):
            raise Invalid("person.number.parts", "Không lập được số định danh: xem lại mã nơi và năm sinh")
        return cls(f"{place_code}{century_sex(sex, year)}{year % 100:02}{serial:06}")

    @property
    def place_code(self) -> str:
        return self.value[:3]

    @property
    def century_sex(self) -> int:
        return int(self.value[3])

    @property
    def sex(self) -> Sex:
        return "female" if self.century_sex % 2 else "male"

    @property
    def birth_year(self) -> int:
        return _FIRST_YEAR + self.century_sex // 2 * 100 + int(self.value[4:6])

    @property
    def serial(self) -> int:
        return int(self.value[6:])

    @property
    def place(self) -> str | None:
        """Name of the province (of before July 2025), or None where the code is none of the 63."""
        return place_name(self.place_code)

    def __str__(self) -> str:
        return self.value

    def grouped(self) -> str:
        """For reading aloud: 049 190 012 345."""
        return " ".join(self.value[i : i + 3] for i in range(0, LENGTH, 3))

    def explain(self, today: date | None = None) -> dict[str, Any]:
        """What each part of the number says, as plain data. `year_note` where the year has not come yet."""
        this_year = (today or SYSTEM_CLOCK.today()).year
        return {
            "kind": "personal_id",
            "value": self.value,
            "grouped": self.grouped(),
            "place_code": self.place_code,
            "place": self.place,
            "place_note": "" if self.place else ELSEWHERE,
            "century_sex": self.century_sex,
            "sex": self.sex,
            "birth_year": self.birth_year,
            "year_note": FUTURE if self.birth_year > this_year else "",
            "serial": self.value[6:],
        }

    def cross_check(
        self, sex: str | None = None, birth_year: int | PartialDate | date | None = None
    ) -> tuple[Finding, ...]:
        """Findings where the number and the record disagree; what is not known is not compared.

        `sex` other than "male" and "female" (undetermined) is not compared either.
        """
        findings = []
        if sex in ("male", "female") and sex != self.sex:
            findings.append(SEX_DIFFERS)
        year = birth_year if isinstance(birth_year, int | None) else birth_year.year
        if year is not None and year != self.birth_year:
            findings.append(YEAR_DIFFERS)
        return tuple(findings)


def century_sex(sex: Sex, year: int) -> int:
    """The digit for century and sex of a year from 1900 to 2399."""
    return (year - _FIRST_YEAR) // 100 * 2 + (sex == "female")
