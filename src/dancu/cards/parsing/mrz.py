"""The machine-readable zone of the chip card: ICAO Doc 9303 part 5, TD1, three lines of thirty.

line 1  `ID` `VNM`, last nine digits of the number, check digit, the whole number, `<<`, check digit of the number
line 2  birth yymmdd + check digit, M or F, expiry yymmdd + check digit, `VNM`, eleven `<`, composite check digit
line 3  `SURNAME<<MIDDLE<GIVEN`, ASCII

Each place holds digits or letters by the standard, so a reader's O for 0 or I for 1 is put right by its place; the
check digits then say whether it is the card's number.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from dancu.cards.models import FEMALE, MALE, Reading, TextKind
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid
from dancu.kernel.findings import Finding
from dancu.kernel.numbers import PersonalId
from dancu.kernel.text import fold_ascii
from dancu.kit.i18n import N_

LINE: Final = 30
_WEIGHTS: Final = (7, 3, 1)
_AS_DIGIT: Final = str.maketrans("OQDILZSGB", "000112568")
_AS_LETTER: Final = str.maketrans("0125684", "OIZSGBA")
_ALPHABET: Final = re.compile(r"[A-Z0-9<]+")
#: Fillers as other keyboard layouts type them; letters of either case.
_FILLERS: Final = str.maketrans({"‹": "<", "＜": "<", "«": "<<"})

NUMBERS_DIFFER: Final = Finding.of(
    "card.mrz.numbers", N_("Hai số trong dòng chữ máy đọc không khớp nhau; hãy kiểm tra thẻ")
)
TRUNCATED: Final = Finding.of("card.mrz.name", N_("Họ tên trong dòng chữ máy đọc bị cắt bớt vì quá dài"))
EXPIRY: Final = Finding.of("card.mrz.expiry", N_("Ngày hết hạn trên thẻ không có trong lịch"))
BIRTH: Final = Finding.of("card.birth", N_("Ngày sinh trên thẻ không có trong lịch"))


def looks_like_mrz(text: str) -> bool:
    """Whether the text can be the lines of a card: a filler, and the document code where it belongs."""
    joined = _joined(text)
    return "<" in joined and joined[:1] in ("I", "1", "A", "C")


def read_mrz(text: str) -> Reading:
    """What the three lines say, glued, split at any place or with their trailing fillers lost.

    Raises Invalid: "card.mrz.length", "card.mrz.letters", "card.mrz.country", "card.mrz.check" (a check digit is
    wrong: something was misread).
    """
    zone = _zone(text)
    if not _ALPHABET.fullmatch(zone):
        raise Invalid("card.mrz.letters", "Dòng chữ máy đọc có ký tự lạ. Hãy quét lại.")
    one, two, three = _by_place(zone)
    if one[2:5] != "VNM":
        raise Invalid("card.mrz.country", "Đây không phải thẻ căn cước Việt Nam. Hãy dùng hộ chiếu hoặc giấy tờ khác của người này.")
    _check(one, two)
    number = PersonalId.parse(one[15:27])
    findings = [] if number.value.endswith(one[5:14]) else [NUMBERS_DIFFER]
    birth = _birth(number, two[:6])
    if birth is None:
        findings.append(BIRTH)
    expires, expiry_findings = _expiry(two[8:14])
    sex = {"M": MALE, "F": FEMALE}.get(two[7], "")
    findings += expiry_findings
    name, cut = _name(three)
    if cut:
        findings.append(TRUNCATED)
    findings += number.cross_check(sex, birth)
    repaired = ("repaired",) if one + two + three != zone else ()
    return Reading(
        TextKind.MRZ, number.value, "", name, birth, sex, "", None, expires, repaired, (), tuple(findings), not cut
    )


def write_mrz(reading: Reading) -> str:
    """The three lines of a card that says this, joined by line feeds."""
    number = reading.number
    one = f"IDVNM{number[3:]}{check_digit(number[3:])}{number}<<{check_digit(number)}"
    born, expires = reading.birth, reading.expires_on
    birth = f"{born.year % 100:02}{_two(born.month)}{_two(born.day)}" if born else "<" * 6
    expiry = expires.strftime("%y%m%d") if expires else "<" * 6
    sex = {MALE: "M", FEMALE: "F"}.get(reading.sex, "<")
    two = f"{birth}{check_digit(birth)}{sex}{expiry}{check_digit(expiry)}VNM" + "<" * 11
    two += str(check_digit(one[5:] + two[:7] + two[8:15] + two[18:29]))
    words = re.findall(r"[A-Z]+", fold_ascii(reading.name).upper())
    three = "<<".join(words[:1] + ["<".join(words[1:])] * (len(words) > 1))
    return "\n".join((one, two, three[:LINE].ljust(LINE, "<")))


def check_digit(field: str) -> int:
    """ICAO 9303: weights 7, 3, 1; digits by value, A to Z from 10, the filler 0."""
    return sum(_value(char) * _WEIGHTS[index % 3] for index, char in enumerate(field)) % 10


def _value(char: str) -> int:
    return 0 if char == "<" else int(char, 36)


def _two(part: int | None) -> str:
    return f"{part:02}" if part else "<<"


def _joined(text: str) -> str:
    return "".join(text.translate(_FILLERS).upper().split())


def _zone(text: str) -> str:
    joined = _joined(text)
    if len(joined) == 3 * LINE:
        return joined
    lines = ["".join(line.split()) for line in text.translate(_FILLERS).upper().splitlines() if line.strip()]
    if len(lines) == 3 and all(0 < len(line) <= LINE for line in lines):
        # Some readers cut fillers at the end of a line; the composite check digit ends the second, so it stays whole.
        return "".join(line.ljust(LINE, "<") for line in lines)
    if 2 * LINE < len(joined) < 3 * LINE:
        return joined.ljust(3 * LINE, "<")
    raise Invalid("card.mrz.length", "Dòng chữ máy đọc phải có ba dòng, mỗi dòng 30 ký tự. Hãy quét lại cả ba dòng.")


def _by_place(zone: str) -> tuple[str, str, str]:
    one, two, three = zone[:LINE], zone[LINE : 2 * LINE], zone[2 * LINE :]
    one = one[:5].translate(_AS_LETTER) + one[5:].translate(_AS_DIGIT)
    two = (
        two[:7].translate(_AS_DIGIT) + two[7].translate(_AS_LETTER) + two[8:15].translate(_AS_DIGIT)
        + two[15:18].translate(_AS_LETTER) + two[18:].translate(_AS_DIGIT)
    )  # fmt: skip
    return one, two, three.translate(_AS_LETTER)


def _check(one: str, two: str) -> None:
    """All five check digits. Which one failed is in the code of the error's parameter, for whoever sets up readers."""
    wrong = [
        name
        for name, field, digit in (
            ("document", one[5:14], one[14]),
            ("number", one[15:27], one[29]),
            ("birth", two[:6], two[6]),
            ("expiry", two[8:14], two[14]),
            ("composite", one[5:] + two[:7] + two[8:15] + two[18:29], two[29]),
        )
        if str(check_digit(field)) != digit
    ]
    if wrong:
        raise Invalid(
            "card.mrz.check", "Dòng chữ máy đọc bị đọc sai (chữ số kiểm tra không khớp). Hãy lau thẻ và quét lại.", wrong=tuple(wrong)
        )


def _birth(number: PersonalId, field: str) -> PartialDate | None:
    """Two digits of the year need a century: the number's fourth digit says it."""
    year, month, day = field[:2], field[2:4], field[4:]
    if not year.isdigit():
        return None
    century = number.birth_year // 100 * 100
    try:
        months = int(month) if month.isdigit() else 0
        return PartialDate(century + int(year), months or None, (int(day) if day.isdigit() else 0) or None if months else None)
    except Invalid:
        return None


def _expiry(field: str) -> tuple[date | None, list[Finding]]:
    if field == "<" * 6:
        return None, []
    try:
        return date(2000 + int(field[:2]), int(field[2:4]), int(field[4:])), []
    except ValueError:
        return None, [EXPIRY]


def _name(line: str) -> tuple[str, bool]:
    """Words in the order written, and whether the line was too short for them."""
    return " ".join(re.findall("[A-Z]+", line)), not line.endswith("<")
