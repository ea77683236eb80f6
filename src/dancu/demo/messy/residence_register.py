"""A residence register as a commune exports it, household by household."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from dancu.demo.messy import dates, files
from dancu.demo.messy.flaws import date_style, plan, soil
from dancu.demo.messy.people import province
from dancu.demo.messy.places import STYLES, chain, written
from dancu.demo.messy.residence_flaws import spoil
from dancu.demo.messy.truth import Row
from dancu.demo.people import AS_OF
from dancu.demo.places import places
from dancu.demo.records import DemoHousehold, DemoPerson, NamedParent

RESIDENCE_COLUMNS: tuple[str, ...] = (
    "STT", "Số hồ sơ cư trú", "Số ĐDCN", "CMND", "Họ và tên", "Ngày sinh", "Giới tính", "Dân tộc", "Tôn giáo",
    "Quốc tịch", "Nơi sinh", "Quê quán", "Địa chỉ thường trú", "Mã ĐVHC", "Ngày đăng ký",
    "Quan hệ với chủ hộ", "Tình trạng hôn nhân", "Họ tên cha", "Năm sinh cha", "Họ tên mẹ", "Năm sinh mẹ",
    "Nơi tạm trú", "Số điện thoại", "Ghi chú",
)  # fmt: skip
_TEXT = (
    "Họ và tên", "Quê quán", "Địa chỉ thường trú", "Dân tộc", "Nơi sinh", "Giới tính", "Quan hệ với chủ hộ",
    "Họ tên cha", "Họ tên mẹ", "Tôn giáo", "Nơi tạm trú", "Quốc tịch", "Tình trạng hôn nhân",
)  # fmt: skip
MARITAL = {"single": "Chưa kết hôn", "married": "Đã kết hôn", "widowed": "Góa", "divorced": "Đã ly hôn"}

FLAWS: dict[str, float] = {
    "number_sex": 0.02, "number_year": 0.02, "number_missing": 0.02, "number_short": 0.01,
    "number_spaced": 0.02, "number_lost_zero": 0.03, "number_of_another": 0.005,
    "cmnd_in_number_column": 0.01, "no_origin": 0.03, "unit_code_only": 0.02, "former_units": 0.02,
    "free_text_place": 0.02, "swapped_name_date": 0.01, "swapped_name_number": 0.01,
    "sex_word_variant": 0.03, "year_only": 0.02, "unknown_day": 0.02, "duplicate_row": 0.02,
    "small_difference": 0.02, "empty_row": 0.01, "impossible_date": 0.01, "missing_name": 0.01,
    "excel_serial": 0.03, "trailing_commas": 0.01, "embedded_newline": 0.01, "embedded_quotes": 0.01,
    "future_birth": 0.003,
}  # fmt: skip


def write_residence_register(
    path: Path, rows: int = 2000, seed: int = 49, format: files.Format = "csv",
    encoding: files.Encoding = "utf-8-sig", flaws: dict[str, float] | None = None, dirt: float = 0.3,
) -> Path:  # fmt: skip
    """Write a messy register of exactly `rows` rows and its truth; answers the truth's path.

    A birth book of the same seed speaks of some of the same persons; its truth names them by the same
    `personal_id`. Parameters as in `write_birth_book`.
    """
    dirt = dirt if encoding.startswith("utf") else 0.0
    return files.write(path, RESIDENCE_COLUMNS, _rows(rows, seed, flaws or FLAWS, dirt, format), format, encoding)


def _rows(rows: int, seed: int, shares: dict[str, float], dirt: float, format: str) -> list[Row]:
    rng = Random(seed + 1)  # noqa: S311 - synthetic data
    if format != "csv":
        shares = {flaw: share for flaw, share in shares.items() if flaw != "trailing_commas"}
    people = _living(seed)
    out: list[Row] = []
    for number, flaw in enumerate(plan(rng, rows, shares), 1):
        repeats = flaw in ("duplicate_row", "small_difference", "number_of_another")
        earlier = _repeatable(rng, out) if repeats else 0
        if flaw in ("duplicate_row", "small_difference") and earlier:
            out.append(_again(rng, out[earlier - 1], earlier, flaw))
            continue
        if flaw == "empty_row":
            out.append(Row({}, outcome="ignored", flaws=["empty_row"]))
            continue
        household, person = next(people)
        row = _clean(rng, number, household, person)
        if flaw == "number_of_another" and earlier:
            row.cells["Số ĐDCN"] = out[earlier - 1].cells["Số ĐDCN"]
            row.decide(flaw, "needs_review", ("rejected",))
            row.same_as = earlier
        elif flaw and not repeats:
            spoil(rng, row, flaw, person, format)
        soil(rng, row, dirt, _TEXT)
        out.append(row)
    return out


def _living(seed: int) -> Iterator[tuple[DemoHousehold, DemoPerson]]:
    for household in province(seed):
        for person in household.members:
            if not person.died_on:
                yield household, person


def _repeatable(rng: Random, out: list[Row]) -> int:
    """The number of an earlier clean row whose person has a number; 0 if none."""
    for _ in range(20):
        number = rng.randrange(len(out)) + 1 if out else 0
        row = out[number - 1] if number else None
        spoiled = {"number_missing", "number_short", "cmnd_in_number_column", "swapped_name_number"}
        if row and row.outcome == "inserted" and row.same_as is None and not spoiled & set(row.flaws):
            return number
    return 0


def _again(rng: Random, row: Row, number: int, flaw: str) -> Row:
    again = Row(dict(row.cells), "unchanged", row.acceptable, [flaw, *row.flaws], row.person, number)
    if flaw == "small_difference":
        again.outcome, again.acceptable = (
            "updated",
            (
                *row.acceptable,
                "needs_review",
            ),
        )
        again.cells["Số điện thoại"] = f"0571{rng.randrange(10**6):06d}"
        again.person = {**(row.person or {}), "phone": again.cells["Số điện thoại"]}
    return again


def _clean(rng: Random, number: int, household: DemoHousehold, person: DemoPerson) -> Row:
    unit = chain(household.unit_id, AS_OF)[0]
    hamlet = places(AS_OF).hamlets[household.hamlet]
    home = f"{household.address}, {hamlet.kind} {hamlet.name}"
    style = date_style(rng)
    people = {p.index: p for p in household.members}
    father = people.get(person.father) if person.father is not None else person.father_named
    mother = people.get(person.mother) if person.mother is not None else person.mother_named
    cells: dict[str, Any] = {
        "STT": str(number), "Số hồ sơ cư trú": household.file_number, "Số ĐDCN": person.personal_id,
        "CMND": person.cmnd or "", "Họ và tên": person.name,
        "Ngày sinh": dates.notation(style, person.birth_year, person.birth_month, person.birth_day),
        "Giới tính": "Nam" if person.sex == "M" else "Nữ", "Dân tộc": person.ethnicity,
        "Tôn giáo": person.religion, "Quốc tịch": "Việt Nam",
        "Nơi sinh": _place(rng, person.birth_unit) or "Nước ngoài", "Quê quán": _place(rng,
        person.origin_unit),
        "Địa chỉ thường trú": written(rng, household.unit_id, AS_OF, rng.choice(STYLES), home),
        "Mã ĐVHC": unit.code if rng.random() < 0.7 else "",
        "Ngày đăng ký": f"{person.resident_since:%d/%m/%Y}", "Quan hệ với chủ hộ": str(person.relation),
        "Tình trạng hôn nhân": MARITAL[person.marital],
        "Họ tên cha": father.name if father else "", "Năm sinh cha": _year(father),
        "Họ tên mẹ": mother.name if mother else "", "Năm sinh mẹ": _year(mother),
        "Nơi tạm trú": _place(rng, person.stay.unit_id, person.stay.address) if person.stay else "",
        "Số điện thoại": person.phone or "", "Ghi chú": "",
    }  # fmt: skip
    truth = {
        "personal_id": person.personal_id, "cmnd": person.cmnd, "name": person.name, "sex": person.sex,
        "born": dates.iso(person.birth_year, person.birth_month, person.birth_day),
        "ethnicity": person.ethnicity,
        "religion": person.religion, "nationality": person.nationality,
        "birth_place": _code(person.birth_unit), "origin": _code(person.origin_unit), "residence": unit.code,
        "hamlet": hamlet.name, "registered_on": person.resident_since.isoformat(),
        "relation": str(person.relation), "marital": str(person.marital),
        "file_number": household.file_number,
        "phone": person.phone,
    }  # fmt: skip
    return Row(cells, person=truth)


def _place(rng: Random, unit_id: int | None, front: str = "") -> str:
    return written(rng, unit_id, AS_OF, rng.choice(STYLES), front) if unit_id else ""


def _code(unit_id: int | None) -> str | None:
    return chain(unit_id, AS_OF)[0].code if unit_id else None


def _year(parent: DemoPerson | NamedParent | None) -> str:
    return str(parent.birth_year) if parent and parent.birth_year else ""
