"""Cells to values. Each cleaner takes the text of a cell and says what it read, what it mended, what it noticed.

A cleaner never decides the outcome of a row; it answers a `Cell`, and `problem` says that the text could not be read.
Pure; results of texts that repeat are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from dancu.kernel.dates import parse_date, parse_words
from dancu.kernel.errors import Invalid
from dancu.kernel.names import findings_of, normal_form
from dancu.kernel.names import repair as repair_text
from dancu.kernel.numbers import PersonalId, normalize_phone, not_digits, plain_digits
from dancu.kernel.text import fold_ascii


class Cell(NamedTuple):
    """`value` None: empty or unreadable. `repairs`: what was mended (codes of kernel.names, "lost_zero", …).
    `notes`: codes of findings. `problem`: (code, Vietnamese sentence) where the text is there but cannot be read."""

    value: Any = None
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: tuple[str, str] | None = None


EMPTY: Final = Cell()
Codes = dict[str, str]
_NOTHING: Final = re.compile(r"[\s\-_.?/*]*|(?:khong|chua) (?:ro|co|biet|xac dinh)|khong|null|nan|n/a|none", re.I)
_MAYBE_NOTHING: Final = frozenset(" \t\r\n\xa0\u200b\ufeff-_.?/*–—kKcCnN")
_DIGITS: Final = re.compile(r"\d+")


def blank(text: str) -> bool:
    """Does the cell say nothing ("", "-", "không rõ")?"""
    if not text or text.isspace():
        return True
    # Nearly every cell says something: letters of a name, digits of a date. Only short odd ones are looked at.
    return len(text) <= 20 and (text[0] in _MAYBE_NOTHING) and _NOTHING.fullmatch(fold_ascii(text)) is not None


def problem(error: Invalid) -> Cell:
    return Cell(problem=(error.code, error.message))


@lru_cache(maxsize=8192)
def name(text: str) -> Cell:
    """Normal form of a personal name. A name with digits in it is no name; what a person should look at in one is noted."""
    if blank(text):
        return EMPTY
    if _DIGITS.search(text):
        return Cell(problem=("person.name.digits", "Họ tên có chữ số: có lẽ cột bị đổi chỗ"))
    try:
        form = normal_form(text)
    except Invalid as error:
        return problem(error)
    return Cell(form.normal, form.repairs, tuple(finding.code for finding in findings_of(form)))


@lru_cache(maxsize=8192)
def text(raw: str) -> Cell:
    """Free text in clean Unicode, on one line."""
    if raw.isascii() and raw.isprintable() and "  " not in raw and raw == raw.strip():
        return Cell(raw or None)
    mended, repairs = repair_text(raw)
    return Cell(mended or None, repairs)


@lru_cache(maxsize=16384)
def date(raw: str) -> Cell:
    """A partial date in any notation."""
    if blank(raw):
        return EMPTY
    try:
        read = parse_date(raw)
    except Invalid as error:
        return EMPTY if error.code == "date.empty" else problem(error)
    return Cell(read.date, notes=tuple(f.code for f in read.findings))


@lru_cache(maxsize=8192)
def words(raw: str) -> Cell:
    """A date in words."""
    if blank(raw):
        return EMPTY
    try:
        return Cell(parse_words(repair_text(raw)[0]))
    except Invalid as error:
        return problem(error)


def personal_id(raw: str) -> Cell:
    """Twelve digits; eleven, where the zero that spreadsheets drop was lost; nine are an old CMND in this column."""
    if len(raw) == 12 and raw.isascii() and raw.isdigit():
        return Cell(raw)
    if blank(raw):
        return EMPTY
    try:
        digits = PersonalId.parse(raw).value
    except Invalid as error:
        found = number(raw)
        if found.problem is None and len(found.value) == 11 and found.value[0] in "123456789":
            return Cell("0" + found.value, ("lost_zero",))
        if found.problem is None and len(found.value) == 9:
            return Cell(found.value, ("cmnd_in_number",))
        return problem(error)
    return Cell(digits, ("grouping",))


def cmnd(raw: str) -> Cell:
    """Nine digits; twelve are a personal number in this column."""
    if len(raw) == 9 and raw.isascii() and raw.isdigit():
        return Cell(raw)
    found = number(raw)
    if found.value is None or found.problem:
        return found
    if len(found.value) == 8:
        return Cell("0" + found.value, ("lost_zero",))
    if len(found.value) not in (9, 12):
        return Cell(problem=("person.cmnd.length", "Số CMND phải có 9 chữ số"))
    return found


def number(raw: str) -> Cell:
    """Digits of an identity paper of any kind."""
    if blank(raw):
        return EMPTY
    digits = plain_digits(raw)
    if digits is None:  # a passport has letters
        digits = re.sub(r"[\s.\-'’_]+", "", text(raw).value or "")
        if not (digits.isascii() and digits.isalnum()):
            return problem(not_digits(raw, Invalid("person.number.digits", "Số giấy tờ chỉ gồm chữ số")))
    return Cell(digits)


_COUNTRIES: Final = {
    "viet nam": "VNM", "vietnam": "VNM", "vn": "VNM", "vnm": "VNM", "chxhcn viet nam": "VNM", "vie": "VNM",
    "lao": "LAO", "campuchia": "KHM", "cam pu chia": "KHM", "trung quoc": "CHN", "dai loan": "TWN", "my": "USA",
    "hoa ky": "USA", "han quoc": "KOR", "nhat ban": "JPN", "nhat": "JPN", "thai lan": "THA", "phap": "FRA",
    "duc": "DEU", "anh": "GBR", "uc": "AUS", "canada": "CAN", "nga": "RUS", "singapore": "SGP", "malaysia": "MYS",
}  # fmt: skip


@lru_cache(maxsize=4096)
def country(raw: str) -> Cell:
    """ISO 3166 alpha-3. What is not known is kept as written."""
    if blank(raw):
        return EMPTY
    clean = text(raw)
    key = fold_ascii(clean.value or "").removeprefix("nuoc ").strip(" .")
    if code := _COUNTRIES.get(key):
        return Cell(code, clean.repairs)
    if len(key) == 3 and key.isalpha():
        return Cell(key.upper(), clean.repairs)
    return Cell(clean.value, clean.repairs, ("nationality.unknown",))


@lru_cache(maxsize=4096)
def ethnicity(raw: str) -> Cell:
    """The name of a people, one spelling each."""
    if blank(raw):
        return EMPTY
    clean = text(raw)
    key = fold_ascii(clean.value or "").removeprefix("dan toc ").strip(" .")
    return Cell(_PEOPLES.get(key) or (clean.value or "").strip(" .").title(), clean.repairs)


def known_people(raw: str) -> bool:
    """Is this the name of one of the country's peoples?"""
    return fold_ascii(text(raw).value or "").removeprefix("dan toc ").strip(" .") in _PEOPLES


_PEOPLES: Final = {
    fold_ascii(name): name
    for name in (
        "Kinh", "Tày", "Thái", "Mường", "Khmer", "Hoa", "Nùng", "Hmông", "Dao", "Gia Rai", "Ê Đê", "Ba Na",
        "Sán Chay", "Chăm", "Cơ Ho", "Xơ Đăng", "Sán Dìu", "Hrê", "Ra Glai", "Mnông", "Thổ", "Xtiêng", "Khơ Mú",
        "Bru Vân Kiều", "Cơ Tu", "Giáy", "Tà Ôi", "Mạ", "Giẻ Triêng", "Co", "Chơ Ro", "Xinh Mun", "Hà Nhì",
        "Chu Ru", "Lào", "La Chí", "Kháng", "Phù Lá", "La Hủ", "La Ha", "Pà Thẻn", "Lự", "Ngái", "Chứt", "Lô Lô",
        "Mảng", "Cơ Lao", "Bố Y", "La Hủ", "Cống", "Si La", "Pu Péo", "Rơ Măm", "Brâu", "Ơ Đu",
    )
} | {"mong": "Hmông", "h'mong": "Hmông", "cor": "Co", "katu": "Cơ Tu", "co-tu": "Cơ Tu", "ede": "Ê Đê",
     "gie-trieng": "Giẻ Triêng", "viet": "Kinh", "xe dang": "Xơ Đăng", "m'nong": "Mnông"}  # fmt: skip


@lru_cache(maxsize=4096)
def religion(raw: str) -> Cell:
    """A religion; "Không" is an answer, not an empty cell."""
    clean = text(raw)
    key = fold_ascii(clean.value or "").strip(" .-")
    if not key or key in ("null", "khong ro", "chua ro"):
        return EMPTY
    if key in ("khong", "khong co", "ko", "k", "luong"):
        return Cell("Không", clean.repairs)
    return Cell((clean.value or "").strip(" .").capitalize() if clean.value else None, clean.repairs)


@lru_cache(maxsize=1024)
def blood(raw: str) -> Cell:
    """A, B, AB, O with or without the rhesus sign."""
    group = re.sub(r"\s|rh|\(|\)", "", raw.lower()).upper().replace("0", "O")
    if not group or blank(raw):
        return EMPTY
    if re.fullmatch(r"(A|B|AB|O)[+-]?", group):
        return Cell(group)
    return Cell(notes=("blood.unreadable",))


def phone(raw: str) -> Cell:
    if blank(raw):
        return EMPTY
    try:
        return Cell(normalize_phone(raw))
    except Invalid:
        return Cell(notes=("contact.phone",))


def email(raw: str) -> Cell:
    if blank(raw):
        return EMPTY
    address = raw.strip().strip("<>;,").lower()
    if address.isprintable() and re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", address):
        return Cell(address)
    return Cell(notes=("contact.email",))


def place(raw: str) -> Cell:
    """The text only: which unit it names depends on the day (see `places`)."""
    if blank(raw) and not raw.strip().isdigit():
        return EMPTY
    return text(raw)


def code(raw: str, codes: Codes) -> Cell:
    """A value of a list of the profile, by any of its words."""
    if found := codes.get(raw):
        return Cell(found)
    if blank(raw):
        return EMPTY
    clean = text(raw)
    folded = fold_ascii(clean.value or "").strip(" .")
    found = codes.get(folded) or codes.get(re.sub(r"[\s.,;:()]+", " ", folded).strip())
    if found is None and folded.endswith(".0"):
        found = codes.get(folded[:-2])
    if found is None:
        return Cell(notes=("code.unknown",))
    return Cell(found, clean.repairs)


CLEANERS: Final[dict[str, Callable[..., Cell]]] = {
    "name": name, "text": text, "date": date, "words": words, "personal_id": personal_id, "cmnd": cmnd,
    "number": number, "country": country, "ethnicity": ethnicity, "religion": religion, "blood": blood,
    "phone": phone, "email": email, "place": place, "code": code,
}  # fmt: skip
