"""The QR code of the chip card: `number|old CMND|full name|birth ddmmyyyy|Nam or Nữ|address|issued ddmmyyyy`.

What readers and printers make of it is accepted and named in `degraded`: the CMND left out, dates with slashes,
decomposed letters, letters mangled on their way through a keyboard, Ð (eth) for Đ. Cards of 2024 carry more fields in
an order that is not published: those stay raw. The date of birth followed by the sex is the anchor, so that a field
more or less before it does not shift the others.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from dancu.cards.models import FEMALE, MALE, Reading, TextKind
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid
from dancu.kernel.findings import Finding
from dancu.kernel.names import repair
from dancu.kernel.numbers import PersonalId
from dancu.kernel.text import clean_spaces, fold_ascii
from dancu.kit.i18n import N_

FIELDS: Final = 7
_ODD_SEPARATORS: Final = str.maketrans(dict.fromkeys("¦｜￨│∣ǀ\x1d\x1e", "|"))
_DATE: Final = re.compile(r"(\d\d)([/.\-]?)(\d\d)\2(\d{4})", re.ASCII)
_YEAR: Final = re.compile(r"\d{4}", re.ASCII)
#: What a reader types for a letter it cannot type.
_LOST: Final = re.compile("[?\ufffd\x1a□]")

_NUMBER_OLD: Final = Finding.of("card.old_number", N_("Số CMND cũ trên thẻ không đọc được"))
_ISSUED: Final = Finding.of("card.issued", N_("Ngày cấp trên thẻ không đọc được"))
_BIRTH: Final = Finding.of("card.birth", N_("Ngày sinh trên thẻ không có trong lịch"))
LETTERS: Final = Finding.of(
    "card.letters", N_("Đầu đọc làm mất chữ có dấu. Hãy đối chiếu họ tên bằng mắt và đặt đầu đọc ở chế độ Unicode.")
)
EXTRA: Final = Finding.of("card.extra_fields", N_("Thẻ có thêm trường chưa rõ nghĩa, được giữ nguyên"))


class _Text(NamedTuple):
    value: str
    repairs: tuple[str, ...]
    lost: bool


def looks_like_qr(text: str) -> bool:
    """Whether the text has the fields of a card's QR code rather than the lines of a machine-readable zone."""
    return text.translate(_ODD_SEPARATORS).count("|") >= 2


def read_qr(text: str) -> Reading:
    """What a card's QR text says. Raises Invalid: "card.qr.fields" (not the fields of a card), "person.number.…"."""
    unified = text.translate(_ODD_SEPARATORS)
    fields = [field.strip() for field in unified.strip().split("|")]
    at = _anchor(fields)
    number = PersonalId.parse(fields[0]).value
    degraded, findings = [], []
    if unified != text:
        degraded.append("separators")
    if at == 2:
        degraded.append("fields")
    old, between = (fields[1], tuple(fields[2 : at - 1])) if at >= 3 else ("", ())
    name, address = _text(fields[at - 1]), _text(fields[at + 2] if len(fields) > at + 2 else "")
    birth = _birth(fields[at], degraded)
    issued = _day(fields[at + 3], degraded) if len(fields) > at + 3 else None
    sex = _sex(fields[at + 1], degraded)
    extras = (*between, *fields[at + 4 :])
    if old and not _plausible(old):
        findings.append(_NUMBER_OLD)
        extras, old = (old, *extras), ""
    if birth is None:
        findings.append(_BIRTH)
    if issued is None:
        findings.append(_ISSUED)
    degraded += [*name.repairs, *address.repairs]
    if name.lost or address.lost:
        degraded.append("letters")
        findings.append(LETTERS)
    if any(extras):
        findings.append(EXTRA)
    findings += PersonalId(number).cross_check(sex, birth)
    return Reading(
        TextKind.QR, number, old, name.value, birth, sex, address.value, issued, None,
        tuple(dict.fromkeys(degraded)), extras, tuple(findings), not name.lost,
    )  # fmt: skip


def write_qr(reading: Reading) -> str:
    """The QR text of a card that says this (for the production of cards and for tests)."""
    born = reading.birth
    birth = f"{born.day or 0:02}{born.month or 0:02}{born.year:04}" if born else ""
    issued = reading.issued_on.strftime("%d%m%Y") if reading.issued_on else ""
    sex = {MALE: "Nam", FEMALE: "Nữ"}.get(reading.sex, "")
    return "|".join((
        reading.number, reading.old_number, reading.name, birth, sex, reading.address, issued, *reading.extras,
    ))  # fmt: skip


def _anchor(fields: list[str]) -> int:
    """Index of the date of birth: the first date that a sex follows."""
    for index in range(2, len(fields) - 1):
        if (_DATE.fullmatch(fields[index]) or _YEAR.fullmatch(fields[index])) and fields[index + 1][:1] in ("N", "n"):
            return index
    raise Invalid(
        "card.qr.fields", "Mã QR này không có đủ các phần của thẻ căn cước. Hãy quét lại cả mã, hoặc gõ số định danh."
    )


def _birth(field: str, degraded: list[str]) -> PartialDate | None:
    if _YEAR.fullmatch(field):
        degraded.append("dates")
        return _partial(int(field), 0, 0)
    found = _DATE.fullmatch(field)
    if not found:
        return None
    if found[2]:
        degraded.append("dates")
    return _partial(int(found[4]), int(found[3]), int(found[1]))


def _partial(year: int, month: int, day: int) -> PartialDate | None:
    """00 stands for a part that is not known; a day without its month says nothing."""
    try:
        return PartialDate(year, month or None, (day or None) if month else None)
    except Invalid:
        return None


def _day(field: str, degraded: list[str]) -> date | None:
    read = _birth(field, degraded) if _DATE.fullmatch(field) else None
    return read.full() if read else None


def _sex(field: str, degraded: list[str]) -> str:
    """Only two words are printed: what begins with N and is not Nam is Nữ, however its second letter came through."""
    folded = fold_ascii(repair(field)[0])
    if folded not in ("nam", "nu"):
        degraded.append("letters")
    return MALE if folded.startswith("na") else FEMALE


def _text(field: str) -> _Text:
    mended, repairs = repair(field)
    mended = clean_spaces(mended)
    return _Text(mended, tuple(step for step in repairs if step != "spaces"), bool(_LOST.search(mended)))


def _plausible(old: str) -> bool:
    return old.isascii() and old.isdigit() and len(old) in (9, 12)
