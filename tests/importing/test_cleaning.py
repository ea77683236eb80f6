"""Cells, headers, encodings: what the readers and cleaners make of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel import cells as cleaning
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid
from dancu.kit.sheets import open_sheet
from dancu.kit.sheets.columns import header_key
from dancu.population.importing.bloom import Bloom
from dancu.population.importing.places import Places
from dancu.population.importing.profile import load_profile, names
from dancu.population.importing.row import Row
from dancu.population.importing.rows import RowReader
from dancu.population.importing.source import Source
from dancu.population.matching import search_terms
from dancu.territory.service import gazetteer
from tests.kernel.samples import as_tcvn3, as_vni

AS_OF = date(2023, 4, 15)
TODAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("clean", "raw", "value"),
    [
        (cleaning.personal_id, "049 190 012 345", "049190012345"),
        (cleaning.personal_id, "49190012345", "049190012345"),
        (cleaning.personal_id, "'049190012345", "049190012345"),
        (cleaning.personal_id, "205123456", "205123456"),
        (cleaning.personal_id, "04919001234", None),
        (cleaning.personal_id, "049190O12345", None),
        (cleaning.cmnd, "05123456", "005123456"),
        (cleaning.name, "NGUYỄN  VĂN\u00a0AN", "Nguyễn Văn An"),
        (cleaning.name, "12/04/1990", None),
        (cleaning.name, "-", None),
        (cleaning.name, "Y", "Y"),
        (cleaning.name, "K'", "K'"),
        (cleaning.ethnicity, "KINH", "Kinh"),
        (cleaning.ethnicity, "H'Mông", "Hmông"),
        (cleaning.country, "Việt nam", "VNM"),
        (cleaning.religion, "không", "Không"),
        (cleaning.blood, "o rh+", "O+"),
        (cleaning.phone, "0912.345.678", "+84912345678"),
        (cleaning.place, "không rõ", None),
        (cleaning.date, "00/00/0000", None),
    ],
)
def test_cells(clean, raw, value) -> None:  # type: ignore[no-untyped-def]
    assert clean(raw).value == value


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_a_cleaner(raw: str) -> None:
    for name, clean in cleaning.CLEANERS.items():
        cell = clean(raw, {}) if name == "code" else clean(raw)
        assert cell.value is None or cell.problem is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=60))
def test_no_row_breaks_the_reader(cells: list[str]) -> None:
    for name in names():
        profile = load_profile(name)
        header = [column.header for column in profile.columns]
        row = RowReader(profile, header, "unicode", AS_OF, TODAY).read(2, cells)
        assert len(row.fingerprint) == 32
        assert row.problem is not None or row.get("name")


def test_headers_are_recognised_however_written() -> None:
    assert header_key(" Họ và tên ") == header_key("HO_VA_TEN") == header_key("ho va\nten") == "hovaten"
    birth = load_profile("birth-book")
    assert birth.recognises(["so", "QUYENSO", "nksHoTen", "nks ngay sinh"])
    assert not birth.recognises(["Họ và tên", "Ngày sinh"])
    assert birth.ignored(["so", "nksHoTen", "Mã nội bộ", "_line", ""]) == ["Mã nội bộ"]


def test_columns_of_the_handbook_are_all_known() -> None:
    """Column names of digitised birth rows (domain handbook, §7)."""
    parent = (
        "HoTen",
        "NgaySinh",
        "DanToc",
        "QuocTich",
        "LoaiCuTru",
        "NoiCuTru",
        "LoaiGiayToTuyThan",
        "SoGiayToTuyThan",
    )
    header = [
        "so", "quyenSo", "trangSo", "ngayDangKy", "loaiDangKy", "noiDangKy", "nguoiKy", "chucVuNguoiKy", "nguoiThucHien",
        "ghiChu", "nksHoTen", "nksGioiTinh", "nksNgaySinh", "nksNgaySinhBangChu", "nksNoiSinh", "nksNoiSinhDVHC",
        "nksQueQuan", "nksDanToc", "nksQuocTich", "nksLoaiKhaiSinh", *(f"me{c}" for c in parent),
        *(f"cha{c}" for c in parent), "nycHoTen", "nycQuanHe", "nycLoaiGiayToTuyThan", "nycSoGiayToTuyThan", "nycNgayCap",
        "nycNoiCap",
    ]  # fmt: skip
    assert load_profile("birth-book").ignored(header) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_delimiters_encodings_titles_and_line_numbers(tmp_path: Path, delimiter: str, codec: str) -> None:
    rows = [
        ["SỔ ĐĂNG KÝ"],
        [""],
        ["so", "nksHoTen", "ghiChu"],
        ["1", "Lê An", "hai\ndòng"],
        ["", "", ""],
        ["2", "Đỗ Bé", ""],
    ]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(codec))
    sheet = open_sheet(path, load_profile("birth-book").recognises)
    assert sheet.header == ["so", "nksHoTen", "ghiChu"]
    assert list(sheet.rows) == [(4, ["1", "Lê An", "hai\ndòng"]), (6, ["2", "Đỗ Bé", ""])]
    sheet.close()


def test_a_foreign_cell_in_a_utf8_file_is_decoded_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [b"so,nksHoTen", "1,Nguyễn Thị Ánh".encode(), b"2,Nguy\xea\xdan V\xe3n", "3,Đặng Út".encode()]
    path.write_bytes(b"\n".join(lines))
    sheet = open_sheet(path, load_profile("birth-book").recognises)
    names = [cells[1] for _, cells in sheet.rows]
    assert names[0] == "Nguyễn Thị Ánh"
    assert names[2] == "Đặng Út"
    assert "\udcea" not in names[1]
    assert sheet.repaired() == 1


_BOOK = "so,quyenSo,nksHoTen,nksNgaySinh,nksQueQuan\n1,01/2015,Lê Hoàng Ngẫm,Năm 2015,Tam Kỳ\n"


@pytest.mark.parametrize("encode", [
    lambda text: text.encode("utf-16"),
    lambda text: normalize("NFD", text).encode(),
    lambda text: as_vni(text).encode("cp1252"),
    lambda text: as_tcvn3(text).encode("latin-1"),
    lambda text: text.encode().decode("latin-1").encode(),
    lambda text: text.encode().decode("latin-1").encode().decode("latin-1").encode(),
])  # fmt: skip
def test_a_row_in_another_encoding_is_the_same_row(tmp_path: Path, encode: Callable[[str], bytes]) -> None:
    """Also with dates in words, which UTF-8 encoded twice would make unreadable."""
    rows = []
    for name, raw in (("one.csv", _BOOK.encode()), ("other.csv", encode(_BOOK))):
        (tmp_path / name).write_bytes(raw)
        source = Source(tmp_path / name, load_profile("birth-book"), None, TODAY)
        rows += source.chunk()
        source.close()
    one, other = rows
    assert (other.get("name"), other.get("birth"), other.doubts) == ("Lê Hoàng Ngẫm", PartialDate(2015), [])
    assert one.fingerprint == other.fingerprint


def test_a_header_of_two_rows(tmp_path: Path) -> None:
    """Titles below merged cells are titles; a column that means nothing is named."""
    path = tmp_path / "a.csv"
    path.write_text(
        "STT,Họ và tên,Ngày sinh,,Số định danh,Cha,\n,,Nam,Nữ,,Họ tên,Năm sinh\n"
        "1,Đoàn Thị Gộp,13/04/1992,,049192150002,Đoàn Văn Cha,1960\n", encoding="utf-8",
    )  # fmt: skip
    source = Source(path, load_profile("residence-register"), None, TODAY)
    (row,) = source.chunk()
    source.close()
    assert (row.get("name"), row.get("birth"), row.line) == ("Đoàn Thị Gộp", PartialDate(1992, 4, 13), 3)
    assert row.get("sex") == "male", "the column says it"
    assert (row.get("father_name"), row.get("father_birth")) == ("Đoàn Văn Cha", PartialDate(1960))
    assert source.ignored == ("STT",)


def test_places_by_text_code_and_day() -> None:
    places, units = Places(), gazetteer()

    def code(text: str, day: date = AS_OF) -> str | None:
        unit = places.at(text, day).unit_id
        return None if unit is None else units.unit(unit).code

    truong_xuan = code("phường Trường Xuân, thành phố Tam Kỳ, tỉnh Quảng Nam")
    assert truong_xuan == code("Tổ 3, Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam") == code(truong_xuan or "")
    assert places.at("Tổ 3, KP Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam", AS_OF).rest == "Tổ 3, KP Xuân Đông"
    old = places.at("phường Trường Xuân, Tam Kỳ, Quảng Nam", date(1996, 5, 1))
    assert (old.unit_id, old.note) == (None, "place.of_that_time")
    assert places.at("như trên", AS_OF).note == "place.not_named"


def test_terms_join_words_to_year_and_areas() -> None:
    assert search_terms("le le an", 1990, [1, 2]) == ["1990:le", "u1:le", "u2:le", "1990:an", "u1:an", "u2:an"]
    assert search_terms("k' an", None, []) == []


@settings(deadline=None, max_examples=30)
@given(st.sets(st.tuples(st.text(max_size=8), st.integers(1900, 2030)), max_size=50))
def test_the_filter_forgets_nobody(items: set[tuple[str, int]]) -> None:
    bloom = Bloom()
    assert not bloom.used
    for item in items:
        bloom.add(item)
    assert all(item in bloom for item in items)


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    """A header and then bytes that never break into lines, as an interrupted copy leaves them."""
    import tracemalloc

    file = tmp_path / "broken.csv"
    with file.open("wb") as out:
        out.write(b"a,b\n")
        out.truncate(64 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(Invalid) as refused:
            list(open_sheet(file, lambda row: row == ["a", "b"]).rows)
        assert refused.value.code == "import.file.broken"
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (cleaning.personal_id("49190012345.0"), "049190012345"),  # not 491900123450: that is another person's number
        (cleaning.personal_id("4.9190012345E+10"), "049190012345"),
        (cleaning.cmnd("12345678.0"), "012345678"),
        (cleaning.number("205123456.0"), "205123456"),
        (cleaning.number("C1234567"), "C1234567"),
    ],
)
def test_numbers_kept_as_floats(cell: cleaning.Cell, value: str) -> None:
    assert (cell.value, cell.problem) == (value, None)


def test_a_rounded_number_says_so() -> None:
    assert (cleaning.personal_id("4.919E+10").problem or ("",))[0] == "person.number.rounded"


def test_a_formula_without_a_result_is_not_an_empty_cell(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["Số ĐDCN", "Họ và tên", "Ngày sinh", "Giới tính", "Dân tộc"])
    book.active.append(["049190012345", "Trần Thị Hoà", "=DATE(1990,4,12)", "Nữ", "#REF!"])
    book.active.append(["049190012346", '=CONCATENATE("Trần Thị"," Mai")', "01/02/1991", "Nữ", ""])
    book.save(tmp_path / "so.xlsx")
    profile = load_profile("residence-register")
    sheet = open_sheet(tmp_path / "so.xlsx", profile.recognises)
    reader = RowReader(profile, sheet.header, "unicode", AS_OF, TODAY)
    first, second = (reader.read(line, cells) for line, cells in sheet.rows)
    sheet.close()
    assert ("import.formula", "birth") in first.doubts
    assert ("import.formula", "ethnicity") in first.notes
    assert second.problem is not None
    assert second.problem[0] == "import.formula"


def _birth_row(**cells: str) -> Row:
    header = ["so", "nksHoTen", "nksGioiTinh", "nksNgaySinh", "nksDanToc", "nksQuocTich", "nksSoDinhDanh", "chaHoTen", "chaNgaySinh"]
    usual = dict(zip(header, ["1", "Lê Hoàng Ngẫm", "1", "03/05/2014", "Kinh", "Việt Nam", "", "Lê Văn Sáu", "1988"], strict=True))
    return RowReader(load_profile("birth-book"), header, "unicode", AS_OF, TODAY).read(2, list((usual | cells).values()))


@pytest.mark.parametrize("cells", [
    {"nksHoTen": "03/05/2014", "nksNgaySinh": "Lê Hoàng Ngẫm"},
    {"nksGioiTinh": "Kinh", "nksDanToc": "Nam"},
    {"nksGioiTinh": "03/05/2014", "nksNgaySinh": "1"},
    {"nksGioiTinh": "Lê Hoàng Ngẫm", "nksHoTen": "Nam"},
    {"nksDanToc": "Việt Nam", "nksQuocTich": "Kinh"},
    {"nksNgaySinh": "049214000782", "nksSoDinhDanh": "03/05/2014"},
    {"chaHoTen": "1988", "chaNgaySinh": "Lê Văn Sáu"},
])  # fmt: skip
def test_cells_in_each_others_column(cells: dict[str, str]) -> None:
    row = _birth_row(**cells)
    assert (row.problem, row.doubts, [code for code, _ in row.notes]) == (None, [], ["import.swapped"])
    said = [row.get(f) for f in ("name", "sex", "birth", "ethnicity", "nationality", "father_name", "father_birth")]
    day = PartialDate(2014, 5, 3)
    assert said == ["Lê Hoàng Ngẫm", "male", day, "Kinh", "VNM", "Lê Văn Sáu", PartialDate(1988)]


@pytest.mark.parametrize("cells", [{"nksGioiTinh": "Nử", "nksHoTen": "Nam"}, {"nksGioiTinh": "?", "nksDanToc": "Mường Vang"}])
def test_what_could_stand_where_it_does_is_not_moved(cells: dict[str, str]) -> None:
    assert "import.swapped" not in [code for code, _ in _birth_row(**cells).notes]


def test_what_is_odd_about_a_name_is_kept_as_a_finding() -> None:
    """A title stays in the name, which may be one; letters that are gone leave nobody to be known by."""
    row = _birth_row(nksHoTen="Cháu Nguyễn Thị Mỹ", chaHoTen="Nguy?n V?n T?m")
    assert row.notes == [("person.name.title", "name"), ("person.name.encoding", "father_name")]
    assert row.get("name") == "Cháu Nguyễn Thị Mỹ"
    assert _birth_row(nksHoTen="Nguy?n V?n T?m").doubts == [("person.name.encoding", "name")]
