"""A social-insurance file as the agency exports it, household by household, with the truth of every row: whom it is about,
if anybody. Made from the people of the registry it will be matched with."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from random import Random

import orjson

from dancu.demo.messy import dates
from dancu.demo.messy.files import truth_path
from dancu.demo.messy.flaws import date_style
from dancu.demo.messy.insured_errors import birth_error, name_error, number_error
from dancu.demo.messy.people import province
from dancu.demo.messy.places import written
from dancu.demo.people import AS_OF
from dancu.demo.places import places
from dancu.demo.records import DemoHousehold, DemoPerson
from dancu.territory.service import gazetteer

INSURED_COLUMNS = (
    "STT", "Mã số BHXH", "Họ và tên", "Ngày sinh", "Giới tính", "Số định danh/CCCD/CMND", "Mã hộ gia đình",
    "Họ tên chủ hộ", "Số định danh chủ hộ", "Quan hệ với chủ hộ", "Địa chỉ hộ gia đình",
)  # fmt: skip
_NUMBER, _NAME, _BORN, _SEX = "Số định danh/CCCD/CMND", "Họ và tên", "Ngày sinh", "Giới tính"
_HEAD, _HEAD_NUMBER, _RELATION, _HOME = "Họ tên chủ hộ", "Số định danh chủ hộ", "Quan hệ với chủ hộ", "Địa chỉ hộ gia đình"
_STYLES = ("full", "full", "full", "short", "bare")
_BUFFER = 8_000  # households held back and handed out in another order: nobody's file is sorted as the registry is

NUMBERS: dict[str, float] = {
    "old": 0.12, "missing": 0.09, "one_digit": 0.04, "two_swapped": 0.03, "century": 0.03, "another": 0.02, "short": 0.015,
    "lost_zero": 0.02,
}  # fmt: skip
NAMES: dict[str, float] = {
    "typo": 0.03, "no_marks": 0.05, "tone_placement": 0.08, "wrong_tone": 0.02, "by_ear": 0.02, "word_missing": 0.015,
    "given_first": 0.01, "capitals": 0.1, "small": 0.01, "initial": 0.003,
}  # fmt: skip
BIRTHS: dict[str, float] = {"swapped": 0.025, "year_only": 0.05, "no_day": 0.01, "first_of_january": 0.02, "slip": 0.02}


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of rows: each kind of error in number, name and birth date (drawn apart, so that some rows have several),
    sex wrong or missing, address and head missing, people who moved (the file has their former household), strangers (not
    in the registry), relatives (strangers who live in a household of the registry), repeated rows, cells in each other's
    column."""

    numbers: Mapping[str, float] = field(default_factory=lambda: dict(NUMBERS))
    names: Mapping[str, float] = field(default_factory=lambda: dict(NAMES))
    births: Mapping[str, float] = field(default_factory=lambda: dict(BIRTHS))
    no_sex: float = 0.02
    wrong_sex: float = 0.007
    no_address: float = 0.03
    no_head: float = 0.15
    no_head_number: float = 0.3
    wrong_relation: float = 0.03
    moved: float = 0.05
    strangers: float = 0.03
    relatives: float = 0.01
    repeated: float = 0.015
    swapped_columns: float = 0.005


UNNUMBERED = Rates(numbers={"missing": 1.0}, no_head_number=1.0)
"""Nobody has a number, nor the head of the household: name, birth date, sex, address, head's name and relation alone."""


@dataclass(slots=True)
class Entry:
    """A row and its truth. `person`: the personal number of whom it is about, "" for nobody of the registry. `errors`: what
    was done to it. `same_as`: number of an earlier row about the same person."""

    cells: dict[str, str]
    person: str
    dead: bool
    errors: list[str]
    same_as: int = 0


def write_insured(
    path: Path, people: Callable[[], Iterator[DemoHousehold]], rows: int, *, population: int, seed: int = 1,
    rates: Rates | None = None, today: date | None = None,
) -> Path:  # fmt: skip
    """Write `rows` rows drawn from the households that `people` yields (together `population` persons), as CSV, and their
    truth as JSON lines beside it; answers the truth's path. With `today` half of the addresses name the units of that day."""
    out = truth_path(path)
    with path.open("w", encoding="utf-8-sig", newline="") as file, out.open("wb") as truth:
        writer = csv.DictWriter(file, INSURED_COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        entries = _Source(seed, rates or Rates(), today).entries(people(), rows / max(population, 1))
        for number, entry in zip(range(1, rows + 1), entries, strict=False):
            entry.cells["STT"] = str(number)
            writer.writerow(entry.cells)
            truth.write(
                orjson.dumps(
                    {"row": number, "person": entry.person, "dead": entry.dead, "errors": entry.errors, "same_as": entry.same_as}
                )
                + b"\n"
            )
    return out


class _Source:
    def __init__(self, seed: int, rates: Rates, today: date | None) -> None:
        self._rng = Random(seed)  # noqa: S311 - synthetic data
        self._rates, self._today, self._count = rates, today, 0
        self._foreign = province(seed + 7_919)
        self._elsewhere: DemoHousehold | None = None

    def entries(self, households: Iterator[DemoHousehold], share: float) -> Iterator[Entry]:
        """Endless while there are people: a share above what they give is topped up with rows about strangers."""
        rng, rates = self._rng, self._rates
        kept: list[tuple[int, Entry]] = []
        # What strangers and repeated rows take up is not drawn from the people.
        share *= 1 - rates.strangers - rates.relatives - rates.repeated
        strangers = rates.strangers / (1 - rates.strangers - rates.relatives - rates.repeated)
        for household in self._mixed(households):
            for person in household.members:
                if rng.random() >= share:
                    continue
                entry = self._entry(household, person)
                yield self._numbered(entry, kept)
                if rng.random() < strangers:
                    home = next(self._foreign)
                    yield self._numbered(self._stranger(home, rng.choice(home.members)), [])
                if rng.random() < rates.relatives:
                    yield self._numbered(self._relative(household, person), [])
                if kept and rng.random() < rates.repeated:
                    number, earlier = rng.choice(kept)
                    yield self._numbered(
                        Entry({**earlier.cells, "Mã số BHXH": self._insurance()}, earlier.person, earlier.dead, ["repeated"], number), []
                    )
            if rng.random() < 0.1:
                self._elsewhere = household

    def _mixed(self, households: Iterator[DemoHousehold]) -> Iterator[DemoHousehold]:
        held: list[DemoHousehold] = []
        for household in households:
            held.append(household)
            if len(held) >= _BUFFER:
                self._rng.shuffle(held)
                yield from held[: _BUFFER // 2]
                del held[: _BUFFER // 2]
        self._rng.shuffle(held)
        yield from held

    def _numbered(self, entry: Entry, kept: list[tuple[int, Entry]]) -> Entry:
        self._count += 1
        if kept is not None and entry.person and not entry.same_as:
            kept.append((self._count, entry))
            if len(kept) > 500:
                del kept[self._rng.randrange(len(kept))]
        return entry

    def _insurance(self) -> str:
        return f"49{self._rng.randrange(10**8):08d}"

    def _entry(self, household: DemoHousehold, person: DemoPerson) -> Entry:
        rng, rates = self._rng, self._rates
        errors: list[str] = []
        home = household
        if rng.random() < rates.moved and self._elsewhere is not None:
            home = self._elsewhere
            errors.append("moved")
        head = home.members[0]
        name = person.name
        if kind := _draw(rng, rates.names):
            name = name_error(rng, name, kind)
            if name != person.name:
                errors.append(f"name_{kind}")
        born = (person.birth_year, person.birth_month, person.birth_day)
        if kind := _draw(rng, rates.births):
            born = birth_error(rng, *born, kind)
            if born != (person.birth_year, person.birth_month, person.birth_day):
                errors.append(f"birth_{kind}")
        cells = {
            "Mã số BHXH": self._insurance(), _NAME: name, _BORN: dates.notation(date_style(rng), *born), _SEX: self._sex(person, errors),
            _NUMBER: self._number(household, person, errors), "Mã hộ gia đình": f"H{home.number}",
            _HEAD: head.name, _HEAD_NUMBER: head.personal_id, _RELATION: str(person.relation), _HOME: self._address(home),
        }  # fmt: skip
        if errors[:1] == ["moved"]:
            cells[_RELATION] = "ở nhờ"
        for rate, error, columns in (
            (rates.no_head_number, "no_head_number", (_HEAD_NUMBER,)), (rates.no_head, "no_head", (_HEAD, _HEAD_NUMBER)),
            (rates.no_address, "no_address", (_HOME,)),
        ):  # fmt: skip
            if rng.random() < rate:
                errors.append(error)
                cells |= dict.fromkeys(columns, "")
        if rng.random() < rates.wrong_relation:
            errors.append("wrong_relation")
            cells[_RELATION] = rng.choice(("con", "vợ", "chồng", "cháu", "chủ hộ"))
        if rng.random() < rates.swapped_columns:
            errors.append("swapped_columns")
            a, b = rng.choice(((_NAME, _BORN), (_NAME, _NUMBER), (_NUMBER, _HEAD_NUMBER)))
            cells[a], cells[b] = cells[b], cells[a]
        return Entry(cells, person.personal_id, person.died_on is not None, errors)

    def _sex(self, person: DemoPerson, errors: list[str]) -> str:
        u = self._rng.random()
        if u < self._rates.no_sex:
            errors.append("no_sex")
            return ""
        male = (person.sex == "M") != (u > 1 - self._rates.wrong_sex)
        if male != (person.sex == "M"):
            errors.append("wrong_sex")
        return self._rng.choice(("Nam", "Nam", "1", "nam") if male else ("Nữ", "Nữ", "0", "nữ"))

    def _number(self, household: DemoHousehold, person: DemoPerson, errors: list[str]) -> str:
        rng = self._rng
        kind = _draw(rng, self._rates.numbers)
        if not kind:
            return person.personal_id
        errors.append(f"number_{kind}")
        if kind == "missing":
            return ""
        if kind == "old":
            return person.cmnd or ""
        if kind == "another":
            others = [p for p in household.members if p is not person] or list((self._elsewhere or household).members)
            return rng.choice(others).personal_id
        return number_error(rng, person.personal_id, kind)

    def _address(self, home: DemoHousehold) -> str:
        rng = self._rng
        hamlet = places(AS_OF).hamlets[home.hamlet]
        front = f"{home.address}, {hamlet.kind} {hamlet.name}" if rng.random() < 0.85 else home.address
        if self._today is not None and rng.random() < 0.5 and (now := _today(home.unit_id, self._today)):
            return f"{front}, {now}"
        return written(rng, home.unit_id, AS_OF, rng.choice(_STYLES), front)

    def _stranger(self, home: DemoHousehold, person: DemoPerson) -> Entry:
        entry = self._entry(home, person)
        return Entry(entry.cells, "", entry.dead, ["stranger", *entry.errors])

    def _relative(self, household: DemoHousehold, person: DemoPerson) -> Entry:
        """Somebody of the household whom the registry does not know: their surname, another name, another birthday."""
        rng = self._rng
        other = rng.choice(next(self._foreign).members)
        name = " ".join((person.name.split()[0], *other.name.split()[1:]))
        entry = self._entry(household, replace(other, name=name))
        return Entry(entry.cells, "", False, ["relative", *entry.errors])


def _draw(rng: Random, shares: Mapping[str, float]) -> str:
    """One kind, or "" with the rest of the probability."""
    u = rng.random()
    for kind, share in shares.items():
        u -= share
        if u < 0:
            return kind
    return ""


@lru_cache(maxsize=4096)
def _today(unit_id: int, day: date) -> str:
    """The unit's address of that day, where it went into one whole; "" otherwise."""
    heirs = gazetteer().successors(unit_id, day)
    return gazetteer().full_name(heirs[0].unit_id, day) if len(heirs) == 1 else ""
