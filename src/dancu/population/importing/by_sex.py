"""Old residence registers give the birth in the column of the sex: "Ngày sinh: Nam | Nữ". One of the two is filled; which one
says the sex. Some only tick the column. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dancu.kit.sheets.columns import header_key

_ABOVE: Final = "(?:ngaythangnamsinh|ngaysinh|namsinh|sinhngay|gioitinh|phai|gioi)"
_SIDE: Final = re.compile(rf"{_ABOVE}?(nam|nu)|(nam|nu){_ABOVE}")
_TICKS: Final = frozenset("xXvV+*✓✔×")
_NAMES: Final = {"nam": "Nam", "nu": "Nữ"}


def side(title: str) -> str:
    """"Nam" or "Nữ" where the column is one of the pair ("Ngày sinh nam", "Nữ" below "Ngày sinh"), "" where it is not. "Năm
    sinh" is a year."""
    key = header_key(title)
    found = None if key in ("namsinh", "ngaythangnamsinh") else _SIDE.fullmatch(key)
    return _NAMES[found[1] or found[2]] if found else ""


@dataclass(frozen=True, slots=True)
class BySex:
    """Places of the two columns, and of the register's own columns of birth and sex where it has them as well."""

    male: int
    female: int
    birth: int | None
    sex: int | None

    def read(self, cells: Sequence[str]) -> tuple[str, str]:
        """(birth, sex) as one column each would say it. What contradicts stays readable for nobody, so that a person looks."""
        told = {"Nam": cells[self.male].strip(), "Nữ": cells[self.female].strip()}
        filled = {sex: text for sex, text in told.items() if text}
        birth, sex = (cells[at] if at is not None else "" for at in (self.birth, self.sex))
        dates = [text for text in filled.values() if text not in _TICKS]
        sexes = list(dict.fromkeys([*([sex] if sex else []), *filled]))
        same = len(sexes) == 2 and header_key(sexes[0]) == header_key(sexes[1])
        return " / ".join([*([birth] if birth else []), *dates]), sexes[0] if same else " / ".join(sexes)


def by_sex(header: Sequence[str], at: Mapping[str, int]) -> BySex | None:
    """The pair in this header; None where it has none. `at`: place of a field's own column."""
    sides = {side(title): place for place, title in reversed(list(enumerate(header)))}
    if not {"Nam", "Nữ"} <= sides.keys():
        return None
    pair = (sides["Nam"], sides["Nữ"])
    birth, sex = (None if at.get(field) in pair else at.get(field) for field in ("birth", "sex"))
    return BySex(*pair, birth, sex)
