"""The structural flaws of birth-book rows, and what a careful import makes of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

from dancu.demo.messy import dates
from dancu.demo.messy.places import chain, written
from dancu.demo.messy.truth import Row
from dancu.demo.people import AS_OF
from dancu.demo.records import DemoPerson

_REVIEW = ("needs_review", "inserted")


def spoil(rng: Random, row: Row, flaw: str, child: DemoPerson, format: str) -> None:
    """Do the flaw to the row's cells and write the truth accordingly; where it cannot show, nothing is
    noted."""
    before, truth = dict(row.cells), (row.outcome, row.acceptable, row.person)
    _DO[flaw](rng, row, child, format)
    if row.cells != before or flaw == "trailing_commas":
        row.flaws.append(flaw)
    else:
        row.outcome, row.acceptable, row.person = truth


def _born(child: DemoPerson) -> tuple[int, int, int]:
    assert child.birth_month
    assert child.birth_day
    return child.birth_year, child.birth_month, child.birth_day


def _blank_parent(row: Row, prefix: str) -> None:
    for column in row.cells:
        if column.startswith(prefix) and column[len(prefix) :][:1].isupper():
            row.cells[column] = ""


def _known(row: Row) -> dict[str, object]:
    assert row.person is not None
    return row.person


def _no_father(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    _blank_parent(row, "cha")
    row.person = {**_known(row), "father": None}


def _no_dates(rng: Random, row: Row, child: DemoPerson, format: str, prefixes: tuple[str, ...]) -> None:
    for prefix in prefixes:
        row.cells[f"{prefix}NgaySinh"] = ""
        kin = "mother" if prefix == "me" else "father"
        parent = _known(row)[kin]
        if isinstance(parent, dict):
            row.person = {**_known(row), kin: {**parent, "born": None}}


def _no_origin(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksQueQuan"] = ""
    row.person = {**_known(row), "origin": None}


def _words_contradict(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksNgaySinhBangChu"] = dates.in_words(rng, *dates.another(rng, *_born(child)))
    row.outcome, row.acceptable = "needs_review", ("inserted",)


def _words_missing(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksNgaySinhBangChu"] = ""


def _year_only(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    year = child.birth_year
    row.cells["nksNgaySinh"] = rng.choice((str(year), f"00/00/{year}", f"??/??/{year}"))
    row.cells["nksNgaySinhBangChu"] = dates.in_words(rng, year, None, None)
    row.person = {**_known(row), "born": str(year)}


def _swap(row: Row, a: str, b: str) -> None:
    row.cells[a], row.cells[b] = row.cells.get(b, ""), row.cells.get(a, "")


def _swapped_name_date(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    _swap(row, "nksHoTen", "nksNgaySinh")
    row.acceptable = _REVIEW


def _swapped_parents(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    """Mother and father in each other's columns, down to the papers."""
    for column in [c[2:] for c in row.cells if c.startswith("me") and c[2:3].isupper()]:
        _swap(row, f"me{column}", f"cha{column}")
    row.outcome, row.acceptable = "needs_review", ("inserted",)


def _place(rng: Random, row: Row, column: str, unit: int | None, style: str) -> None:
    if unit is not None and (style != "former" or chain(unit, AS_OF)[-1].code == "49"):
        row.cells[column] = written(rng, unit, AS_OF, style)


def _units(style: str) -> Callable[[Random, Row, DemoPerson, str], None]:
    def do(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
        _place(rng, row, "nksNoiSinhDVHC", child.birth_unit, style)
        _place(rng, row, "nksQueQuan", child.origin_unit, style)
        row.acceptable = _REVIEW if style == "former" else ()

    return do


def _free_text(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksNoiSinh"] = rng.choice(("Bệnh viện đa khoa tỉnh", "Tại nhà", "BV Phụ sản - Nhi", "trên đường đi"))
    row.cells["nksNoiSinhDVHC"] = rng.choice(("cùng xã", "như trên", "trong tỉnh", "QN"))
    row.person = {**_known(row), "birth_place": None}


def _number(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    for prefix, kin in (("me", "mother"), ("cha", "father")):
        number = str(row.cells[f"{prefix}SoGiayToTuyThan"])
        parent = _known(row)[kin]
        if len(number) == 12 and isinstance(parent, dict):
            number = number[:3] + str(int(number[3]) ^ 1) + number[4:]
            row.cells[f"{prefix}SoGiayToTuyThan"] = number
            row.person = {**_known(row), kin: {**parent, "number": number}}
            row.acceptable = _REVIEW
            return


def _impossible(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksNgaySinh"] = dates.impossible(rng, child.birth_year)
    row.cells["nksNgaySinhBangChu"] = ""
    row.person = {**_known(row), "born": None}
    row.outcome, row.acceptable = "needs_review", ("rejected",)


def _impossible_but_words(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksNgaySinh"] = dates.impossible(rng, child.birth_year)
    row.outcome, row.acceptable = "needs_review", ("inserted", "rejected")


def _missing_name(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksHoTen"] = rng.choice(("", " ", "-"))
    row.outcome, row.person = "rejected", None


def _serial(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    number = dates.serial(*_born(child))
    row.cells["nksNgaySinh"] = number if format == "xlsx" else str(number)
    if format == "xlsx":
        row.cells["ngayDangKy"] = date(child.birth_year, 12, 30) if child.birth_year < 2023 else AS_OF


def _two_digit_year(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    year, month, day = _born(child)
    row.cells["nksNgaySinh"] = f"{day:02d}/{month:02d}/{year % 100:02d}"


def _newline(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksNoiSinh"] = str(row.cells["nksNoiSinh"]).replace(" ", "\n", 1)
    row.cells["ghiChu"] = "Đã cấp trích lục\nngày 05/04/2022"


def _quotes(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["ghiChu"] = 'Tên gọi khác: "Tí", ghi theo lời khai; sổ cũ'


def _undetermined(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    row.cells["nksGioiTinh"] = "3"
    row.person = {**_known(row), "sex": None}
    row.acceptable = _REVIEW


def _nothing(rng: Random, row: Row, child: DemoPerson, format: str) -> None:
    """The file writer does it (trailing commas)."""


_DO: dict[str, Callable[[Random, Row, DemoPerson, str], None]] = {
    "no_father": _no_father,
    "parent_without_date": lambda r, row, c, f: _no_dates(r, row, c, f, (r.choice(("me", "cha")),)),
    "parents_unknown_dates": lambda r, row, c, f: _no_dates(r, row, c, f, ("me", "cha")),
    "no_origin": _no_origin,
    "words_contradict": _words_contradict,
    "words_missing": _words_missing,
    "year_only": _year_only,
    "swapped_name_date": _swapped_name_date,
    "swapped_parents": _swapped_parents,
    "unit_code": _units("code"),
    "dotted_unit_code": _units("dotted_code"),
    "former_units": _units("former"),
    "free_text_place": _free_text,
    "parent_number_contradicts": _number,
    "impossible_date": _impossible,
    "impossible_date_words_right": _impossible_but_words,
    "missing_name": _missing_name,
    "excel_serial": _serial,
    "two_digit_year": _two_digit_year,
    "trailing_commas": _nothing,
    "embedded_newline": _newline,
    "embedded_quotes": _quotes,
    "undetermined_sex": _undetermined,
}
