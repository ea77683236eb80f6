"""Digitised birth books, with the column names seen in public code (one case = one row)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from dancu.demo.messy import dates, files
from dancu.demo.messy.birth_flaws import spoil
from dancu.demo.messy.flaws import date_style, plan, soil
from dancu.demo.messy.people import province
from dancu.demo.messy.places import STYLES, chain, written
from dancu.demo.messy.truth import Row
from dancu.demo.people import AS_OF
from dancu.demo.places import places
from dancu.demo.records import DemoHousehold, DemoPerson, NamedParent

_PARENT = (
    "HoTen", "NgaySinh", "DanToc", "QuocTich", "LoaiCuTru", "NoiCuTru", "LoaiGiayToTuyThan", "SoGiayToTuyThan",
)  # fmt: skip
_APPLICANT = ("HoTen", "QuanHe", "LoaiGiayToTuyThan", "SoGiayToTuyThan", "NgayCap", "NoiCap")
BIRTH_COLUMNS: tuple[str, ...] = (
    "so", "quyenSo", "trangSo", "ngayDangKy", "loaiDangKy", "noiDangKy", "nguoiKy", "chucVuNguoiKy",
    "nguoiThucHien", "ghiChu",
    "nksHoTen", "nksGioiTinh", "nksNgaySinh", "nksNgaySinhBangChu", "nksNoiSinh", "nksNoiSinhDVHC",
    "nksQueQuan", "nksDanToc", "nksQuocTich", "nksLoaiKhaiSinh",
    *(f"me{column}" for column in _PARENT),
    *(f"cha{column}" for column in _PARENT),
    *(f"nyc{column}" for column in _APPLICANT),
)  # fmt: skip
_TEXT = (
    "nksHoTen", "meHoTen", "chaHoTen", "nksQueQuan", "nksNoiSinh", "nksDanToc", "meNoiCuTru", "chaNoiCuTru",
    "noiDangKy", "nycHoTen", "nguoiKy", "nguoiThucHien", "nksNgaySinhBangChu",
)  # fmt: skip
_SIGNERS = ("Nguyễn Đình Tuấn", "Phan Thị Hường", "Huỳnh Tấn Đức", "Đặng Ngọc Ánh")

# Share of rows with each structural flaw; parents known only by the year are the rule, not a flaw.
FLAWS: dict[str, float] = {
    "no_father": 0.03, "parent_without_date": 0.05, "parents_unknown_dates": 0.03, "no_origin": 0.04,
    "words_contradict": 0.02, "words_missing": 0.04, "year_only": 0.02, "swapped_name_date": 0.01,
    "swapped_parents": 0.01, "unit_code": 0.03, "dotted_unit_code": 0.01, "former_units": 0.03,
    "free_text_place": 0.04, "parent_number_contradicts": 0.02, "duplicate_row": 0.02,
    "small_difference": 0.02, "empty_row": 0.01, "impossible_date": 0.01,
    "impossible_date_words_right": 0.01, "missing_name": 0.01, "excel_serial": 0.03, "two_digit_year": 0.01,
    "trailing_commas": 0.01, "embedded_newline": 0.01, "embedded_quotes": 0.01, "undetermined_sex": 0.003,
}  # fmt: skip


def write_birth_book(
    path: Path, rows: int = 2000, seed: int = 49, format: files.Format = "csv",
    encoding: files.Encoding = "utf-8-sig", flaws: dict[str, float] | None = None, dirt: float = 0.3,
) -> Path:  # fmt: skip
    """Write a messy book of exactly `rows` rows and its truth; answers the truth's path.

    A residence register of the same seed speaks of the same persons, household by household; they are not
    those of the demonstration's province. `flaws` overrides the shares of `FLAWS`; `dirt` is the share of
    rows with typographical dirt. Whole-file encodings that cannot hold the others (windows-1258, tcvn3, vni)
    get no legacy rows.
    """
    dirt = dirt if encoding.startswith("utf") else 0.0
    return files.write(path, BIRTH_COLUMNS, _rows(rows, seed, flaws or FLAWS, dirt, format), format, encoding)


def _rows(rows: int, seed: int, shares: dict[str, float], dirt: float, format: str) -> list[Row]:
    rng = Random(seed)  # noqa: S311 - synthetic data
    if format != "csv":
        shares = {flaw: share for flaw, share in shares.items() if flaw != "trailing_commas"}
    births = _births(seed)
    out: list[Row] = []
    for number, flaw in enumerate(plan(rng, rows, shares), 1):
        if flaw in ("duplicate_row", "small_difference") and (earlier := _repeatable(rng, out)):
            out.append(_again(rng, out[earlier - 1], earlier, flaw))
            continue
        if flaw == "empty_row":
            out.append(Row({}, outcome="ignored", flaws=["empty_row"]))
            continue
        household, child = next(births)
        row = _clean(rng, number, household, child)
        if flaw and flaw not in ("duplicate_row", "small_difference"):
            spoil(rng, row, flaw, child, format)
        soil(rng, row, dirt, _TEXT)
        out.append(row)
    return out


def _births(seed: int) -> Iterator[tuple[DemoHousehold, DemoPerson]]:
    """People born in Vietnam since 1985 whose mother is known, household by household; without end. Those with
    a parent recorded in another household are left out: the book would have to look them up."""
    for household in province(seed):
        here = {None, *(p.index for p in household.members)}
        for person in household.members:
            dated = person.birth_unit is not None and person.birth_day is not None
            known = person.mother is not None or person.mother_named
            if dated and known and person.birth_year >= 1985 and {person.mother, person.father} <= here:
                yield household, person


def _repeatable(rng: Random, out: list[Row]) -> int:
    """The number of an earlier row that is in the registry by then and has not been repeated; 0 if none."""
    for _ in range(20):
        if not out:
            return 0
        number = rng.randrange(len(out)) + 1
        if out[number - 1].outcome == "inserted" and out[number - 1].same_as is None:
            return number
    return 0


def _again(rng: Random, row: Row, number: int, flaw: str) -> Row:
    again = Row(dict(row.cells), "unchanged", row.acceptable, [flaw, *row.flaws], row.person, number)
    if flaw == "small_difference":
        again.outcome, again.acceptable = "updated", (*row.acceptable, "unchanged", "needs_review")
        again.cells["meNoiCuTru"] = str(again.cells["meNoiCuTru"]) + ", VN"
    return again


def _clean(rng: Random, number: int, household: DemoHousehold, child: DemoPerson) -> Row:
    assert child.birth_month
    assert child.birth_day
    assert child.birth_unit
    born = date(child.birth_year, child.birth_month, child.birth_day)
    late = rng.random() < 0.08
    registered = min(born + timedelta(days=rng.randrange(70, 2000) if late else rng.randrange(3, 58)), AS_OF)
    hamlet = places(AS_OF).hamlets[household.hamlet]
    home = written(rng, household.unit_id, AS_OF, rng.choice(STYLES), f"{hamlet.kind} {hamlet.name}")
    office = chain(child.birth_unit, AS_OF)[0]
    style = date_style(rng)
    people = {p.index: p for p in household.members}
    mother = people.get(child.mother) if child.mother is not None else child.mother_named
    father = people.get(child.father) if child.father is not None else child.father_named
    origin = child.origin_unit
    cells: dict[str, Any] = {
        "so": str(number % 180 + 1), "quyenSo": f"01-TP/HT-{registered.year}-KS",
        "trangSo": str(number % 180 // 2 + 1),
        "ngayDangKy": dates.notation(style, registered.year, registered.month, registered.day),
        "loaiDangKy": "4" if late else "1", "noiDangKy": f"UBND {office.kind.word.lower()} {office.name}",
        "nguoiKy": rng.choice(_SIGNERS),
        "chucVuNguoiKy": "Chủ tịch" if rng.random() < 0.6 else "Phó Chủ tịch",
        "nguoiThucHien": rng.choice(_SIGNERS), "ghiChu": "",
        "nksHoTen": child.name, "nksGioiTinh": "1" if child.sex == "M" else "2",
        "nksNgaySinh": dates.notation(style, born.year, born.month, born.day),
        "nksNgaySinhBangChu": dates.in_words(rng, born.year, born.month, born.day),
        "nksNoiSinh": f"Trạm Y tế {office.kind.word.lower()} {office.name}",
        "nksNoiSinhDVHC": written(rng, child.birth_unit, AS_OF, rng.choice(STYLES)),
        "nksQueQuan": written(rng, origin, AS_OF, rng.choice(STYLES)) if origin else "",
        "nksDanToc": child.ethnicity, "nksQuocTich": "Việt Nam", "nksLoaiKhaiSinh": "1",
    }  # fmt: skip
    cells |= _parent("me", mother, home, child.ethnicity) | _parent("cha", father, home, child.ethnicity)
    asker = father if father and rng.random() < 0.6 else mother
    cells |= _applicant(asker, "Cha" if asker is father else "Mẹ")
    person = {
        "name": child.name, "sex": child.sex, "born": born.isoformat(),
        "birth_place": chain(child.birth_unit, AS_OF)[0].code,
        "origin": chain(origin, AS_OF)[0].code if origin else None, "ethnicity": child.ethnicity,
        "nationality": child.nationality, "mother": _kin(mother), "father": _kin(father),
        "personal_id": child.personal_id,
    }  # fmt: skip
    return Row(cells, person=person)


def _parent(prefix: str, parent: DemoPerson | NamedParent | None, home: str, ethnicity: str) -> dict[str, str]:
    if parent is None:
        return {f"{prefix}{column}": "" for column in _PARENT}
    known = isinstance(parent, DemoPerson)
    return {
        f"{prefix}HoTen": parent.name,
        f"{prefix}NgaySinh": str(parent.birth_year or ""),  # the law asks for the year only
        f"{prefix}DanToc": parent.ethnicity if isinstance(parent, DemoPerson) else ethnicity,
        f"{prefix}QuocTich": "Việt Nam",
        f"{prefix}LoaiCuTru": "Thường trú",
        f"{prefix}NoiCuTru": home,
        f"{prefix}LoaiGiayToTuyThan": "CCCD" if known else "",
        f"{prefix}SoGiayToTuyThan": parent.personal_id if isinstance(parent, DemoPerson) else "",
    }


def _applicant(asker: DemoPerson | NamedParent | None, relation: str) -> dict[str, str]:
    cells = {f"nyc{column}": "" for column in _APPLICANT}
    if asker:
        cells |= {"nycHoTen": asker.name, "nycQuanHe": relation}
    if isinstance(asker, DemoPerson):
        cells |= {"nycLoaiGiayToTuyThan": "CCCD", "nycSoGiayToTuyThan": asker.personal_id}
        if asker.card:
            cells["nycNgayCap"] = f"{asker.card.issued_on:%d/%m/%Y}"
            cells["nycNoiCap"] = "Cục Cảnh sát QLHC về TTXH"
    return cells


def _kin(parent: DemoPerson | NamedParent | None) -> dict[str, Any] | None:
    if parent is None:
        return None
    number = parent.personal_id if isinstance(parent, DemoPerson) else None
    return {
        "name": parent.name,
        "born": str(parent.birth_year) if parent.birth_year else None,
        "number": number,
    }
