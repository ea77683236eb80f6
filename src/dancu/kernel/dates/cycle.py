"""Years by stem and branch ("Giáp Thìn", "tuổi Tý"): they come round every 60 or 12 years, so beside a year in digits they
are a check, and alone they name no year."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..errors import Invalid
from ..findings import Finding
from .partial import PartialDate

CYCLE: Final = Finding("date.cycle", "Năm can chi không khớp với năm dương lịch")

_STEMS: Final = ("giap", "at", "binh", "dinh", "mau", "ky", "canh", "tan", "nham", "quy")
#: Tý and Tỵ are one word without marks; beside a stem only one of them is possible.
_BRANCHES: Final = {
    "ty": (0, 5), "ti": (0, 5), "suu": (1,), "dan": (2,), "mao": (3,), "meo": (3,), "thin": (4,), "ngo": (6,), "mui": (7,),
    "than": (8,), "dau": (9,), "tuat": (10,), "hoi": (11,),
}  # fmt: skip
_BRANCH: Final = "|".join(_BRANCHES)
_YEAR: Final = re.compile(rf"\b(?:(?:tuoi )?({'|'.join(_STEMS)}) ({_BRANCH})|tuoi ({_BRANCH}))\b")
_SAYS_A_YEAR: Final = re.compile(r"\d{4}|\d[-/. ]\d\d$|nam \w+ \w+")


class CycleYear(NamedTuple):
    """`stem` is None where only the branch is written."""

    stem: int | None
    branches: tuple[int, ...]

    def is_of(self, year: int) -> bool:
        return (self.stem is None or (year - 4) % 10 == self.stem) and (year - 4) % 12 in self.branches

    def fits(self, read: PartialDate) -> bool:
        """The first weeks of a solar year still belong to the year before."""
        return self.is_of(read.year) or (read.month in (1, 2) and self.is_of(read.year - 1))


def without_cycle(text: str) -> tuple[str, CycleYear | None]:
    """The folded text without its year by stem and branch. Raises Invalid "date.cycle_alone" where nothing else says the
    year."""
    found = _YEAR.search(text)
    if found is None:
        return text, None
    stem = _STEMS.index(found[1]) if found[1] else None
    cycle = CycleYear(stem, _BRANCHES[found[2] or found[3]])
    rest = re.sub(r"[(),;]", " ", text[: found.start()] + " " + text[found.end() :])
    rest = " ".join(rest.strip(" -/").split())
    if not _SAYS_A_YEAR.search(rest):
        raise _alone(cycle)
    return rest, cycle


def _alone(cycle: CycleYear) -> Invalid:
    if any(cycle.is_of(year) for year in range(60)):
        return Invalid("date.cycle_alone", "Năm can chi lặp lại sau mỗi 60 hoặc 12 năm: ghi thêm năm dương lịch")
    return Invalid("date.cycle_none", "Không có năm can chi này: can và chi phải cùng âm hoặc cùng dương")
