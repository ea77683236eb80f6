"""The structural flaws of residence-register rows, and what a careful import makes of each."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from dancu.demo.messy import dates
from dancu.demo.messy.places import chain, written
from dancu.demo.messy.truth import Row
from dancu.demo.people import AS_OF
from dancu.demo.records import DemoPerson

_NUMBER, _NAME, _BORN, _HOME = "Số ĐDCN", "Họ và tên", "Ngày sinh", "Địa chỉ thường trú"
_REVIEW = ("inserted", "needs_review")


def spoil(rng: Random, row: Row, flaw: str, person: DemoPerson, format: str) -> None:
    """Do the flaw to the row's cells and write the truth accordingly; where it cannot show, nothing is
    noted."""
    before, truth = dict(row.cells), (row.outcome, row.acceptable, row.person)
    _DO[flaw](rng, row, person, format)
    if row.cells != before or flaw == "trailing_commas":
        row.flaws.append(flaw)
    else:
        row.outcome, row.acceptable, row.person = truth


def _truth(row: Row, **changes: Any) -> None:
    row.person = {**(row.person or {}), **changes}


def _number(row: Row, number: str) -> None:
    row.cells[_NUMBER] = number
    _truth(row, personal_id=number)


def _number_sex(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    """The number contradicts the sex: kept as it stands, with a finding."""
    n = person.personal_id
    _number(row, n[:3] + str(int(n[3]) ^ 1) + n[4:])
    row.acceptable = _REVIEW


def _number_year(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    n = person.personal_id
    _number(row, f"{n[:4]}{(int(n[4:6]) + rng.randrange(1, 20)) % 100:02d}{n[6:]}")
    row.acceptable = _REVIEW


def _number_missing(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    _number(row, "")
    _truth(row, personal_id=None)
    row.acceptable = _REVIEW


def _number_short(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells[_NUMBER] = person.personal_id[:-1]
    _truth(row, personal_id=None)
    row.outcome, row.acceptable = "needs_review", ("rejected", "inserted")


def _number_spaced(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    n = person.personal_id
    row.cells[_NUMBER] = rng.choice((f"{n[:3]} {n[3:6]} {n[6:]}", f"'{n}", f"{n[:3]}.{n[3:6]}.{n[6:9]}.{n[9:]}"))


def _number_lost_zero(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    """A spreadsheet took the number for a number."""
    stripped = person.personal_id.lstrip("0")
    row.cells[_NUMBER] = int(stripped) if format == "xlsx" else stripped
    row.acceptable = _REVIEW


def _cmnd_in_number(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    if person.cmnd:
        row.cells[_NUMBER], row.cells["CMND"] = person.cmnd, ""
        _truth(row, personal_id=None)
        row.acceptable = _REVIEW


def _no_origin(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells["Quê quán"] = ""
    _truth(row, origin=None)


def _unit_code_only(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    """The address column holds the code of the unit; the hamlet is lost."""
    assert row.person
    row.cells["Mã ĐVHC"] = row.cells[_HOME] = row.person["residence"]
    _truth(row, hamlet=None)


def _former(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    for column, unit in (("Nơi sinh", person.birth_unit), ("Quê quán", person.origin_unit)):
        if unit and chain(unit, AS_OF)[-1].code == "49":
            row.cells[column] = written(rng, unit, AS_OF, "former")
    row.acceptable = _REVIEW


def _free_text(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells["Quê quán"] = rng.choice(("như trên", "cùng thôn", "quê mẹ", "không rõ", "ngoài Bắc"))
    _truth(row, origin=None)
    row.acceptable = _REVIEW


def _swap(a: str, b: str) -> Callable[[Random, Row, DemoPerson, str], None]:
    def do(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
        row.cells[a], row.cells[b] = row.cells[b], row.cells[a]
        row.acceptable = _REVIEW

    return do


def _sex_word(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    male = ("nam", "NAM", "M", "1", "Trai", "Nam ")
    row.cells["Giới tính"] = rng.choice(male if person.sex == "M" else ("nữ", "NỮ", "F", "2", "Gái", "Nu"))


def _year_only(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    year = person.birth_year
    row.cells[_BORN] = rng.choice((f"{year}", f"00/00/{year}", f"--/--/{year}"))
    _truth(row, born=str(year))


def _unknown_day(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    if person.birth_month:
        row.cells[_BORN] = rng.choice(("00/{m:02d}/{y}", "??/{m:02d}/{y}", "{m:02d}/{y}")).format(
            m=person.birth_month, y=person.birth_year
        )
        _truth(row, born=dates.iso(person.birth_year, person.birth_month, None))


def _impossible(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells[_BORN] = dates.impossible(rng, person.birth_year)
    _truth(row, born=None)
    row.outcome, row.acceptable = "needs_review", ("rejected",)


def _future(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells[_BORN] = f"12/04/{2090 + rng.randrange(9)}"
    _truth(row, born=None)
    row.outcome, row.acceptable = "needs_review", ("rejected",)


def _missing_name(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells[_NAME] = rng.choice(("", "  ", "."))
    row.outcome, row.person = "rejected", None


def _serial(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    if person.birth_month and person.birth_day:
        number = dates.serial(person.birth_year, person.birth_month, person.birth_day)
        row.cells[_BORN] = number if format == "xlsx" else str(number)


def _newline(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells[_HOME] = str(row.cells[_HOME]).replace(", ", ",\n", 1)


def _quotes(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    row.cells["Ghi chú"] = 'Tên thường gọi "Tí"; chuyển đến theo giấy số 12, quyển "2009"'


def _nothing(rng: Random, row: Row, person: DemoPerson, format: str) -> None:
    """The file writer does it (trailing commas)."""


_DO: dict[str, Callable[[Random, Row, DemoPerson, str], None]] = {
    "number_sex": _number_sex,
    "number_year": _number_year,
    "number_missing": _number_missing,
    "number_short": _number_short,
    "number_spaced": _number_spaced,
    "number_lost_zero": _number_lost_zero,
    "cmnd_in_number_column": _cmnd_in_number,
    "no_origin": _no_origin,
    "unit_code_only": _unit_code_only,
    "former_units": _former,
    "free_text_place": _free_text,
    "swapped_name_date": _swap(_NAME, _BORN),
    "swapped_name_number": _swap(_NAME, _NUMBER),
    "sex_word_variant": _sex_word,
    "year_only": _year_only,
    "unknown_day": _unknown_day,
    "impossible_date": _impossible,
    "future_birth": _future,
    "missing_name": _missing_name,
    "excel_serial": _serial,
    "trailing_commas": _nothing,
    "embedded_newline": _newline,
    "embedded_quotes": _quotes,
}
