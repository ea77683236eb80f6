"""Clean rows of the residence register at speed: columns are drawn with numpy and joined into text by
Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from dancu.demo import households as hh
from dancu.demo.households import draw_households
from dancu.demo.marriage import marriages
from dancu.demo.messy.places import chain
from dancu.demo.messy.residence_register import MARITAL, RESIDENCE_COLUMNS
from dancu.demo.names import ETHNICITY_LABELS, Ints, tables
from dancu.demo.numbers import PersonalNumbers, Sequence
from dancu.demo.people import AS_OF
from dancu.demo.places import PLACE_CODE, Places, places
from dancu.demo.records import Relation
from dancu.territory.service import gazetteer

_SERIES = 2
_CHUNK = 16_384
_YEAR = 365.2425
_SCHEMA = pa.schema([(column, pa.string()) for column in RESIDENCE_COLUMNS])
_RELATIONS = [
    Relation.HEAD, Relation.WIFE, *[Relation.CHILD] * 5, Relation.FATHER, Relation.MOTHER,
    Relation.CHILD_IN_LAW, Relation.GRANDCHILD, Relation.GRANDCHILD, Relation.SIBLING, Relation.LODGER,
    Relation.HUSBAND,
]  # fmt: skip


def write_clean_people(path: Path, rows: int, seed: int = 1, format: str = "csv") -> None:
    """Write exactly `rows` consistent rows with the columns of the residence register, in constant memory.

    `format` csv or parquet. Every row is new, complete and valid, whole households together (the last may be
    cut); dates as dd/mm/yyyy, places with kinds and names, unit codes filled. Numbers are of a series of
    their own, so the rows meet neither the demonstration's people nor those of the messy files.
    """
    with path.open("wb") as file:
        writer: Any = (
            pa.csv.CSVWriter(file, _SCHEMA)
            if format == "csv"
            else pa.parquet.ParquetWriter(file, _SCHEMA, compression="zstd")
        )
        source = _Source(seed)
        while source.rows < rows:
            writer.write_table(source.chunk(rows - source.rows))
        writer.close()


class _Source:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._chunk = 0
        self._places = places(AS_OF)
        self._numbers = PersonalNumbers(_SERIES)
        self._cmnd, self._phones = Sequence(1, _SERIES), Sequence(2, _SERIES)
        self._words = _Words(self._places)
        self._households = 0
        self.rows = 0

    def chunk(self, most: int) -> pa.Table:
        rng = np.random.default_rng([self._seed, self._chunk])
        self._chunk += 1
        p, words = self._places, self._words
        today = int(np.datetime64(AS_OF).astype(int))
        commune = np.searchsorted(p.cumulative, rng.random(_CHUNK))
        homes = draw_households(rng, p.mountain[p.district[commune]])
        homes.present[homes.dead_years > 0] = False
        row, slot = (a[:most] for a in np.nonzero(homes.present))
        n = len(row)
        status = marriages(rng, homes).status[row, slot]
        home = commune[row]
        age, male = homes.age[row, slot], homes.male[row, slot]
        birth = today - np.floor(age * _YEAR).astype(np.int64)
        born = birth.astype("datetime64[D]")
        year = born.astype("datetime64[Y]").astype(np.int64) + 1970
        ethnicity = p.ethnicity[p.district[commune], rng.integers(0, p.ethnicity.shape[1], _CHUNK)]
        line = tables().surname(rng, np.repeat(ethnicity[:, None], hh.SLOTS, axis=1))
        dad = np.where(homes.male[:, hh.HEAD], hh.HEAD, hh.SPOUSE)
        for child in (*range(hh.CHILD, hh.CHILD + hh.CHILDREN), hh.GRANDCHILD, hh.GRANDCHILD + 1):
            line[:, child] = line[np.arange(_CHUNK), dad]
        line[:, hh.FATHER] = line[:, hh.SIBLING] = line[:, hh.HEAD]
        hamlet = p.hamlet_start[commune] + (rng.random(_CHUNK) * p.hamlet_size[commune]).astype(np.int64)
        house = rng.integers(0, len(words.houses), _CHUNK)
        origin = p.neighbour(rng, commune, 0.7, 0.2)[row]
        since = np.maximum(birth, today - (rng.random(_CHUNK) * 25 * _YEAR).astype(np.int64)[row])
        number = self._numbers.take(np.full(n, PLACE_CODE), male, year)
        relation = np.where((slot == hh.SPOUSE) & male, hh.SLOTS, slot)
        ethnic = ethnicity[row]

        def name(surname: Ints, is_male: Any, years: Ints) -> pa.Array:
            return words.name(rng, surname, ethnic, is_male, years)

        columns = {
            "STT": _text(np.arange(self.rows + 1, self.rows + n + 1)),
            "Số hồ sơ cư trú": pc.binary_join_element_wise(
                "HS", words.codes.take(home), _padded(self._households + row + _SERIES * 10**7, 8), "-"
            ),
            "Số ĐDCN": _padded(number, 12),
            "CMND": pc.if_else(year < 2005, _padded(self._cmnd.cmnd(n), 9), ""),
            "Họ và tên": name(line[row, slot], male, year),
            "Ngày sinh": _day(born),
            "Giới tính": pc.if_else(male, "Nam", "Nữ"),
            "Dân tộc": words.ethnic.take(ethnic),
            "Tôn giáo": _same("Không", n),
            "Quốc tịch": _same("Việt Nam", n),
            "Nơi sinh": words.units.take(home),
            "Quê quán": words.units.take(origin),
            "Địa chỉ thường trú": pc.binary_join_element_wise(
                words.houses.take(house[row]), words.hamlets.take(hamlet[row]), words.units.take(home), ", "
            ),
            "Mã ĐVHC": words.codes.take(home),
            "Ngày đăng ký": _day(since.astype("datetime64[D]")),
            "Quan hệ với chủ hộ": words.relations.take(relation),
            "Tình trạng hôn nhân": words.marital.take(status),
            "Họ tên cha": name(line[row, slot], np.ones(n, dtype=bool), year - 28),
            "Năm sinh cha": _text(year - 28),
            "Họ tên mẹ": name(line[row, hh.MOTHER], np.zeros(n, dtype=bool), year - 25),
            "Năm sinh mẹ": _text(year - 25),
            "Nơi tạm trú": _same("", n),
            "Số điện thoại": pc.if_else(age >= 16, pa.array(self._phones.phones(n), pa.string()), ""),
            "Ghi chú": _same("", n),
        }
        self.rows += n
        self._households += _CHUNK
        return pa.Table.from_pydict(columns, schema=_SCHEMA)


class _Words:
    """Everything a cell can say, as Arrow dictionaries to take from."""

    def __init__(self, p: Places) -> None:
        units = gazetteer()
        names = tables()
        self.units = pa.array([units.full_name(u.unit_id, AS_OF) for u in p.communes])
        self.codes = pa.array([chain(u.unit_id, AS_OF)[0].code for u in p.communes])
        self.hamlets = pa.array([f"{h.kind} {h.name}" for h in p.hamlets])
        self.houses = pa.array([f"Tổ {n}" for n in range(1, 13)])
        self.ethnic = pa.array(ETHNICITY_LABELS)
        self.relations = pa.array([str(r) for r in _RELATIONS])
        self.marital = pa.array(list(MARITAL.values()))
        self._surnames, self._middles, self._givens = (
            pa.array(names.surname_words),
            pa.array(names.middle_words),
            pa.array(names.given_words),
        )

    def name(self, rng: np.random.Generator, surname: Ints, ethnicity: Ints, male: Any, year: Ints) -> pa.Array:
        middle, given = tables().choose(rng, ethnicity, male, year)
        return pc.binary_join_element_wise(
            self._surnames.take(surname), self._middles.take(middle), self._givens.take(given), ""
        )


def _text(values: Ints) -> pa.Array:
    return pc.cast(pa.array(values), pa.string())


def _padded(values: Ints, width: int) -> pa.Array:
    return pc.utf8_lpad(_text(values), width, "0")


def _day(days: Any) -> pa.Array:
    return pc.strftime(pa.array(days, pa.date32()), "%d/%m/%Y")


def _same(word: str, n: int) -> pa.Array:
    return pa.repeat(word, n)
