"""One chunk of households: drawn as numpy columns, then turned into records."""

from __future__ import annotations

from datetime import date

import numpy as np

from dancu.demo import households as hh
from dancu.demo import papers
from dancu.demo.flaws import Spoiler
from dancu.demo.households import Households, draw_households
from dancu.demo.kin import CouplesBefore
from dancu.demo.lineage import FAMILIES, FAMILY, trace
from dancu.demo.marriage import Marriages, marriages
from dancu.demo.names import ETHNICITY_LABELS, Bools, Ints, tables
from dancu.demo.numbers import PersonalNumbers, Sequence
from dancu.demo.origins import births, blood_groups, religions
from dancu.demo.personas import RESERVED_CMND, RESERVED_NUMBERS
from dancu.demo.places import Places
from dancu.demo.records import DemoHousehold, DemoPerson, FlawRates, Marital, Relation

_YEAR = 365.2425
_RELATION = (
    [Relation.HEAD, None] + [Relation.CHILD] * 5
    + [Relation.FATHER, Relation.MOTHER, Relation.CHILD_IN_LAW, Relation.GRANDCHILD, Relation.GRANDCHILD,
       Relation.SIBLING, Relation.LODGER]
)  # fmt: skip
_STREETS = ("Phan Châu Trinh", "Hùng Vương", "Trần Cao Vân", "Huỳnh Thúc Kháng", "Phan Bội Châu", "Nguyễn Du",
            "Trưng Nữ Vương", "Tôn Đức Thắng", "Lý Thường Kiệt", "Trần Hưng Đạo", "Nguyễn Hoàng", "Lê Lợi",
            "Bạch Đằng", "Thanh Hóa", "Duy Tân", "Phan Đình Phùng")  # fmt: skip


class Province:
    """What one run of the generator carries from chunk to chunk; bounded, whatever the number of people."""

    def __init__(self, places: Places, as_of: date, rates: FlawRates, series: int) -> None:
        self.places = places
        self.as_of = as_of
        self.today = int(np.datetime64(as_of).astype(int))
        self.numbers = PersonalNumbers(series, RESERVED_NUMBERS)
        self.cmnd = Sequence(1, series, RESERVED_CMND)
        self.phones = Sequence(2, series)
        self.couples = CouplesBefore(len(places.district_codes))
        self.spoiler = Spoiler(rates)
        self.series = series
        self.people = 0
        self.households = 0

    def household_number(self, index: int) -> str:
        return f"49{self.series}{index:08d}"

    def file_number(self, commune: int, index: int) -> str:
        return f"HS-{self.places.communes[commune].code}-{self.series}{index:07d}"


def draw(
    province: Province, rng: np.random.Generator, count: int, left: int, alone: bool = False
) -> list[DemoHousehold]:
    """Up to `count` households with at most `left` persons; `alone`: of one person each."""
    places = province.places
    commune = np.searchsorted(places.cumulative, rng.random(count))
    homes = draw_households(rng, places.mountain[places.district[commune]], alone)
    fitting = int(np.searchsorted(np.cumsum(homes.present.sum(axis=1)), left, side="right"))
    if fitting < count:
        commune, homes = commune[:fitting], homes.first(fitting)
    if not fitting:
        return []
    made = _build(province, rng, commune, homes)
    return made + province.spoiler.duplicates(province, rng, made, left - sum(len(h.members) for h in made))


def _build(
    province: Province, rng: np.random.Generator, commune: Ints, homes: Households
) -> list[DemoHousehold]:
    places, today = province.places, province.today
    row, slot = np.nonzero(homes.present)
    n = len(row)
    index = np.full(homes.present.shape, -1, dtype=np.int64)
    index[row, slot] = province.people + np.arange(n)
    birth_grid = today - np.floor(homes.age * _YEAR).astype(np.int64)
    year_grid = papers.calendar(birth_grid)[0]
    kin = trace(rng, places, province.couples, homes, commune, index, year_grid)
    married = marriages(rng, homes)

    age, male, birth = homes.age[row, slot], homes.male[row, slot], birth_grid[row, slot]
    died = homes.dead_years[row, slot] > 0
    alive = ~died
    ethnicity = kin.ethnicity[row, slot]
    mountain = places.mountain[places.district[commune]][row]
    year, month, day = papers.calendar(birth)
    names = tables().compose(rng, kin.surname[row, slot], ethnicity, male, year)
    # Partial dates: common among the oldest, more so in the mountains.
    chance = np.select([year < 1958, year < 1978], [0.13, 0.02], 0.0008) * (1 + 1.5 * mountain)
    u = rng.random(n)
    year_only, no_day = u < chance, u < chance * 1.3
    printed = _printed(birth, year, year_only, no_day)
    born = births(rng, places, slot, commune[row], age, year)
    origin = places.unit_ids[kin.origin[row, slot]]
    flaw, number_male, number_year, no_origin = province.spoiler.mark(rng, male, year)
    numbers = province.numbers.take(born.place, number_male, number_year).tolist()
    cmnd = _cmnd(province, rng, today, birth)
    phones = papers.phones(rng, province.phones, alive & (age >= 16), mountain)

    family = FAMILY[slot]
    father, mother = kin.father[row, family].tolist(), kin.mother[row, family].tolist()
    parents = (row * FAMILIES + family).tolist()
    spouse = np.where(married.partner[row, slot] >= 0, index[row, married.partner[row, slot]], -1)
    since = _since(rng, homes, married)[row, slot]
    households = province.households + np.arange(len(commune))
    relation = [
        _RELATION[s] or (Relation.HUSBAND if m else Relation.WIFE)
        for s, m in zip(slot.tolist(), male.tolist(), strict=True)
    ]

    def some(values: Ints, missing: Bools) -> list[int | None]:
        out: list[int | None] = values.tolist()
        for place in np.flatnonzero(missing).tolist():
            out[place] = None
        return out

    def days(years: np.ndarray, where: Bools) -> list[date | None]:
        out: list[date | None] = [None] * n
        places_ = np.flatnonzero(where)
        values = papers.dates(today - np.floor(years[places_] * _YEAR).astype(np.int64))
        for place, value in zip(places_.tolist(), values, strict=True):
            out[place] = value
        return out

    wed = married.years[row, slot]
    columns = (
        index[row, slot].tolist(),
        households[row].tolist(),
        relation,
        [f"{number:012d}" for number in numbers],
        cmnd,
        names,
        np.where(male, "M", "F").tolist(),
        year.tolist(),
        some(month, year_only),
        some(day, no_day),
        some(born.unit, born.abroad),
        born.country,
        some(born.unit, born.abroad),
        some(origin, no_origin),
        [ETHNICITY_LABELS[e] for e in ethnicity.tolist()],
        religions(rng, mountain),
        ["VNM"] * n,
        blood_groups(rng, n),
        [_MARITAL[m] for m in married.status[row, slot].tolist()],
        days(wed, wed > 0),
        some(np.array(father), np.array(father) < 0),
        some(np.array(mother), np.array(mother) < 0),
        some(spouse, spouse < 0),
        [kin.father_named[k] for k in parents],
        [kin.mother_named[k] for k in parents],
        papers.dates(today - np.floor(since * _YEAR).astype(np.int64)),
        phones,
        papers.emails(rng, names, index[row, slot], alive & (age > 17) & (age < 58)),
        papers.cards(rng, today, printed, age, alive),
        papers.stays(rng, places, today, alive & (age > 17) & (age < 46) & (slot != hh.HEAD)),
        papers.absences(rng, today, alive & (age > 17)),
        days(homes.dead_years[row, slot], died),
        flaw,
        [None] * n,
    )
    members = list(map(DemoPerson, *columns))
    made = _households(province, rng, commune, homes, members, since[slot == hh.HEAD])
    province.people += n
    province.households += len(made)
    return made


_MARITAL = tuple(Marital)


def _printed(birth: Ints, year: Ints, year_only: Bools, no_day: Bools) -> Ints:
    """The date of birth as papers with a term reckon it: the end of the year where only the year is known,
    the 28th where the day is missing; so an expiry date does not give away what the registry does not
    know."""
    month_start = (
        birth.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    )
    year_end = (year + 1 - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) - 1
    return np.where(year_only, year_end, np.where(no_day, month_start + 27, birth))


def _cmnd(province: Province, rng: np.random.Generator, today: int, birth: Ints) -> list[str | None]:
    """Old nine-digit numbers: issued from 14 on until the chip card came at the start of 2021."""
    fourteen_by_2021 = birth <= int(np.datetime64("2007-01-01").astype(int))
    holders = np.flatnonzero(fourteen_by_2021 & (rng.random(len(birth)) < 0.93))
    out: list[str | None] = [None] * len(birth)
    for place, number in zip(holders.tolist(), province.cmnd.cmnd(len(holders)).tolist(), strict=True):
        out[place] = f"{number:09d}"
    return out


def _since(rng: np.random.Generator, homes: Households, married: Marriages) -> np.ndarray:
    """Years of permanent residence (H, SLOTS): nobody before birth, the dead at least until their death."""
    n = len(homes.kind)
    house = np.minimum(0.3 + 28 * rng.random(n) ** 1.4, np.maximum(homes.age[:, hh.HEAD] - 18, 0.2))
    since = np.minimum(np.maximum(house[:, None], homes.dead_years + 0.1), homes.age * 0.999)
    for slot in (hh.SPOUSE, hh.IN_LAW):
        wed = np.where(married.years[:, slot] > 0, married.years[:, slot], since[:, slot])
        since[:, slot] = np.minimum(since[:, slot], np.maximum(wed - 0.05, homes.dead_years[:, slot] + 0.05))
    return since


def _households(
    province: Province, rng: np.random.Generator, commune: Ints, homes: Households, members: list[DemoPerson],
    since: np.ndarray,
) -> list[DemoHousehold]:  # fmt: skip
    places = province.places
    n = len(commune)
    ends = np.cumsum(homes.present.sum(axis=1)).tolist()
    hamlet = places.hamlet_start[commune] + (rng.random(n) * places.hamlet_size[commune]).astype(np.int64)
    urban = (places.urban[commune] & (rng.random(n) < 0.7)).tolist()
    house, street = rng.integers(1, 320, n).tolist(), rng.integers(0, len(_STREETS), n).tolist()
    opened = papers.dates(province.today - np.floor(since * _YEAR).astype(np.int64))
    made, start = [], 0
    for i, (c, end, unit) in enumerate(
        zip(commune.tolist(), ends, places.unit_ids[commune].tolist(), strict=True)
    ):
        number = province.households + i
        address = f"Số {house[i]} {_STREETS[street[i]]}" if urban[i] else f"Tổ {house[i] % 12 + 1}"
        made.append(
            DemoHousehold(
                number, province.household_number(number), province.file_number(c, number), unit,
                int(hamlet[i]), address, opened[i], tuple(members[start:end]),
            )
        )  # fmt: skip
        start = end
    return made
