"""Messy register files: every flaw is there, the truth fits the file, what is written can be read back."""

import csv
import io
import json
import unicodedata
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from dancu.demo import messy
from dancu.demo.messy import birth_book, dates, residence_register
from dancu.demo.messy.legacy import to_tcvn3, to_vni, to_windows_1258
from dancu.demo.messy.text import DIRT
from dancu.demo.people import AS_OF, generate
from dancu.kernel.dates.parsing import parse_date
from dancu.kernel.dates.words import parse_words
from dancu.kernel.names.legacy import decode
from dancu.territory.service import resolve

BOOKS = {
    "birth": (messy.write_birth_book, messy.BIRTH_COLUMNS, birth_book.FLAWS, "nksHoTen"),
    "residence": (
        messy.write_residence_register,
        messy.RESIDENCE_COLUMNS,
        residence_register.FLAWS,
        "Họ và tên",
    ),
}


def _truth(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in messy.truth_path(path).read_text().splitlines()]


def _cells(path: Path, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding))))[1:]


@pytest.fixture(scope="module", params=BOOKS)
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    path = tmp_path_factory.mktemp("messy") / f"{request.param}.csv"
    BOOKS[request.param][0](path, rows=2000, seed=3)
    return request.param, path


def test_every_flaw_is_in_the_file(book: tuple[str, Path]) -> None:
    kind, path = book
    flaws = Counter(flaw for row in _truth(path) for flaw in row["flaws"])
    assert set(flaws) == set(BOOKS[kind][2]) | set(DIRT)
    outcomes = {row["outcome"] for row in _truth(path)}
    assert outcomes == {"inserted", "updated", "unchanged", "needs_review", "rejected", "ignored"}


def test_truth_and_file_have_the_same_rows(book: tuple[str, Path]) -> None:
    kind, path = book
    _, columns, _, name = BOOKS[kind]
    rows, truth = _cells(path), _truth(path)
    assert len(rows) == len(truth) == 2000
    assert [t["row"] for t in truth] == list(range(1, 2001))
    at = columns.index(name)
    for cells, line in zip(rows, truth, strict=True):
        assert len(cells) == len(columns) + 3 * ("trailing_commas" in line["flaws"])
        if line["outcome"] == "ignored":
            assert not any(cells)
        elif not line["flaws"]:
            assert line["outcome"] == "inserted"
            assert cells[at] == line["person"]["name"]
        if line["same_as"]:
            assert line["same_as"] < line["row"]


def test_the_header_is_complete_and_starts_with_a_byte_order_mark(book: tuple[str, Path]) -> None:
    kind, path = book
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert next(csv.reader(io.StringIO(raw.decode("utf-8-sig")))) == list(BOOKS[kind][1])


def test_a_missing_name_is_rejected_and_a_contradicting_number_is_not(book: tuple[str, Path]) -> None:
    for line in _truth(book[1]):
        if "missing_name" in line["flaws"]:
            assert line["outcome"] == "rejected"
        if {"number_sex", "number_year", "parent_number_contradicts"} & set(line["flaws"]):
            assert line["outcome"] in ("inserted", "unchanged", "updated")


@pytest.mark.parametrize("kind", BOOKS)
def test_all_formats_hold_the_same_people(kind: str, tmp_path: Path) -> None:
    write, columns, _, _ = BOOKS[kind]
    for format in ("xlsx", "parquet"):
        write(tmp_path / f"book.{format}", rows=300, seed=5, format=format)
        truth = _truth(tmp_path / f"book.{format}")
        assert len(truth) == 300
        assert not any("trailing_commas" in line["flaws"] for line in truth)
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx", read_only=True).active
    assert sheet is not None
    table = list(sheet.iter_rows(values_only=True))
    assert table[0] == columns
    assert any(isinstance(cell, int) for row in table[1:] for cell in row)  # Excel's day numbers
    assert pq.read_table(tmp_path / "book.parquet").num_rows == 300


@pytest.mark.parametrize("encoding", ["windows-1258", "tcvn3", "vni", "utf-16"])
def test_whole_files_in_old_encodings_can_be_read_back(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    messy.write_birth_book(path, rows=200, seed=5, encoding=encoding, dirt=0.0)
    rows = _cells(path, encoding if encoding in ("windows-1258", "utf-16") else "utf-8")
    at = messy.BIRTH_COLUMNS.index("nksHoTen")
    for cells, line in zip(rows, _truth(path), strict=True):
        if not line["flaws"]:
            name = decode(cells[at], encoding) if encoding in ("tcvn3", "vni") else cells[at]
            name = unicodedata.normalize("NFC", name)
            assert name.casefold() == line["person"]["name"].casefold()


def test_legacy_fonts_are_the_inverse_of_the_decoder() -> None:
    assert to_tcvn3("Nguyễn Văn Hoàng, xã Trà Kót, huyện Bắc Trà My") == (
        "NguyÔn V¨n Hoµng, x· Trµ Kãt, huyÖn B¾c Trµ My"
    )
    assert to_vni("Nguyễn Văn Hoàng, tỉnh Quảng Nam") == "Nguyeãn Vaên Hoaøng, tænh Quaûng Nam"
    names = {p.name for h in generate(3000, 1) for p in h.members}
    for name in names:
        assert decode(to_tcvn3(name), "tcvn3").casefold() == name.casefold()
        assert decode(to_vni(name), "vni") == name
        assert unicodedata.normalize("NFC", to_windows_1258(name).decode("cp1258")) == name


def test_dates_in_words_say_what_the_digits_say() -> None:
    rng = Random(1)
    for _ in range(2000):
        year, month, day = rng.randrange(1900, 2024), rng.randrange(1, 13), rng.randrange(1, 29)
        assert str(parse_words(dates.in_words(rng, year, month, day))) == dates.iso(year, month, day)


def test_dates_and_places_say_what_the_truth_says(tmp_path: Path) -> None:
    """Against the readers of the other rooms: what is not spoiled beyond reading must read as the truth."""
    path = tmp_path / "register.csv"
    messy.write_residence_register(path, rows=1500, seed=12)
    columns = ("Địa chỉ thường trú", "residence"), ("Quê quán", "origin"), ("Nơi sinh", "birth_place")
    places = Counter[bool]()
    for cells, line in zip(_cells(path), _truth(path), strict=True):
        person, flaws = line["person"], set(line["flaws"])
        if not person or "swapped_name_date" in flaws:
            continue
        font = next((f for f in ("tcvn3", "vni") if f in flaws), "unicode")
        row = {c: decode(v, font) for c, v in zip(messy.RESIDENCE_COLUMNS, cells, strict=False)}
        if person["born"]:
            assert str(parse_date(row["Ngày sinh"]).date) == person["born"]
        if "former_units" not in flaws:
            for column, key in columns:
                unit = resolve(row[column], AS_OF).unit if row[column] and person[key] else None
                places[unit is None or unit.code == person[key]] += 1
    assert places[False] < 0.005 * places.total()


def test_two_files_of_a_seed_speak_of_the_same_persons(tmp_path: Path) -> None:
    messy.write_birth_book(tmp_path / "a.csv", rows=300, seed=9)
    messy.write_residence_register(tmp_path / "b.csv", rows=600, seed=9)
    births, residents = (
        {r["person"]["personal_id"]: r["person"] for r in _truth(tmp_path / f) if r["person"]}
        for f in ("a.csv", "b.csv")
    )
    both = set(births) & set(residents)
    assert len(both) > 100
    assert sum(births[n]["name"] == residents[n]["name"] for n in both) == len(both)


def test_numbers_meet_neither_the_province_nor_the_benchmark(tmp_path: Path) -> None:
    messy.write_residence_register(tmp_path / "b.csv", rows=2000, seed=9)
    in_files = {r["person"]["personal_id"] for r in _truth(tmp_path / "b.csv") if r["person"]}
    messy.write_clean_people(tmp_path / "c.csv", 20_000)
    in_bench = {row[2] for row in _cells(tmp_path / "c.csv", "utf-8")}
    in_province = {p.personal_id for h in generate(20_000, 9) for p in h.members}
    assert not in_files & in_province
    assert not in_bench & in_province
    assert not in_bench & in_files


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        messy.write_birth_book(tmp_path / f"{name}.csv", rows=300, seed=4)
        messy.write_clean_people(tmp_path / f"{name}.parquet", 1000, format="parquet")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_clean_rows_are_complete_and_their_numbers_unique(tmp_path: Path) -> None:
    path = tmp_path / "clean.csv"
    messy.write_clean_people(path, 60_000)
    rows = [dict(zip(messy.RESIDENCE_COLUMNS, row, strict=True)) for row in _cells(path, "utf-8")]
    assert len(rows) == 60_000
    assert len({r["Số ĐDCN"] for r in rows}) == 60_000
    cmnd = [r["CMND"] for r in rows if r["CMND"]]
    assert len(set(cmnd)) == len(cmnd)
    heads = Counter(r["Số hồ sơ cư trú"] for r in rows if r["Quan hệ với chủ hộ"] == "chủ hộ")
    assert set(heads.values()) == {1}
    assert set(heads) == {r["Số hồ sơ cư trú"] for r in rows}
    for r in rows[:2000]:
        year = int(r["Ngày sinh"][-4:])
        digit = (year // 100 - 19) * 2 + (r["Giới tính"] == "Nữ")
        assert r["Số ĐDCN"][3:6] == f"{digit}{year % 100:02d}"
        assert all(r[c] for c in ("Họ và tên", "Địa chỉ thường trú", "Mã ĐVHC", "Quê quán", "Nơi sinh"))
        assert int(r["Năm sinh cha"]) < year
