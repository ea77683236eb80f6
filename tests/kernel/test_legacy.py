"""Detecting and decoding legacy encodings, per file and per string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.demo.messy.legacy import to_windows_1258
from dancu.kernel.names import decode, detect_encoding, normal_form

from .samples import OTHERS, as_tcvn3, as_vni, full_names

TCVN3 = "NguyÔn V¨n Hoµng, x· Trµ Kãt, huyÖn B¾c Trµ My"
VNI = "Nguyeãn Vaên Hoaøng, tænh Quaûng Nam"


def test_the_handbook_vectors() -> None:
    assert detect_encoding([TCVN3]) == "tcvn3"
    assert decode(TCVN3, "tcvn3") == "Nguyễn Văn Hoàng, xã Trà Kót, huyện Bắc Trà My"
    assert detect_encoding([VNI]) == "vni"
    assert decode(VNI, "vni") == "Nguyễn Văn Hoàng, tỉnh Quảng Nam"


@given(st.lists(full_names, min_size=3, max_size=30))
def test_a_file_is_recognised_and_every_cell_comes_back(names: list[str]) -> None:
    for encode, encoding in ((as_tcvn3, "tcvn3"), (as_vni, "vni")):
        cells = [encode(name) for name in names]
        if sum(cell != name for cell, name in zip(cells, names, strict=True)) < 3:
            continue
        assert detect_encoding(cells) == encoding
        decoded = [decode(cell, encoding) for cell in cells]
        assert [d.casefold() for d in decoded] == [n.casefold() for n in names]
    assert detect_encoding(names) == "unicode"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Lª V¨n T¸m", "Lê Văn Tám"),
        ("Ph¹m", "Phạm"),
        ("Hå", "Hồ"),
        ("§ç ThÞ V©n", "Đỗ Thị Vân"),
        ("Vâ", "Võ"),
        ("HuÖ", "Huệ"),
        ("Phan Hßa", "Phan Hòa"),
        ("Chu Quoác Baù Nhung", "Chu Quốc Bá Nhung"),
        ("Phan Coâng Nhung", "Phan Công Nhung"),
        ("Tr\u00ad¬ng Quèc C\u00adêng", "Trương Quốc Cường"),
        ("D−¬ng V¨n L−u", "Dương Văn Lưu"),  # as a PDF's text layer gives it
        ("Traàn Thò Thuùy", "Trần Thị Thúy"),
        ("Ñoã Vaên Ñöùc", "Đỗ Văn Đức"),
        ("LEÂ THÒ MYÕ", "Lê Thị Mỹ"),
        ("Voõ Thò Lyù", "Võ Thị Lý"),
        ("Y Blo £ban", "Y Blo Êban"),
        ("H'Hen Niª", "H'Hen Niê"),
        ("P¬loong Plªnh", "Pơloong Plênh"),
        ("Pin¨ng T¾c", "Pinăng Tắc"),
        ("Kat¬r ThÞ SÝnh", "Katơr Thị Sính"),
        ("Y Moan EÂban", "Y Moan Êban"),
        ("H'HEN NIEÂ", "H'Hen Niê"),
        ("Kpaê Klông", "Kpă Klơng"),
        ("Zôraâm Buoân", "Zơrâm Buôn"),
    ],
)
def test_short_strings_alone(text: str, normal: str) -> None:
    assert normal_form(text).normal == normal


def test_a_whole_file_settles_what_a_string_alone_cannot() -> None:
    assert normal_form("Vò Hoa").normal == "Vò Hoa"
    assert normal_form("Vò Hoa", "tcvn3").normal == "Vũ Hoa"


def test_a_unicode_row_survives_in_a_legacy_file() -> None:
    assert decode("Nguyễn Văn Hoàng", "tcvn3") == "Nguyễn Văn Hoàng"
    assert decode("Nguyễn Văn Hoàng", "vni") == "Nguyễn Văn Hoàng"


def test_a_mixed_file_is_judged_row_by_row() -> None:
    rows = ["Nguyễn Văn Hoàng", "Trần Thị Hoà", TCVN3.split(",")[0], "Lê Thị Bưởi"]
    assert detect_encoding(rows) == "unicode"
    assert [normal_form(row).normal for row in rows][2] == "Nguyễn Văn Hoàng"


@pytest.mark.parametrize(
    "text", ["Mª Carmen", "José Mª García", "Michaël", "Zoë", "João", "Guðmundsdóttir", "«Nguyen»", "Tên©", "Åsa", "TRAN Â", "Â"]
)
def test_letters_of_other_names_stay(text: str) -> None:
    assert normal_form(text).normal.casefold() == text.casefold()


def test_other_languages_are_not_taken_for_legacy_vietnamese() -> None:
    assert detect_encoding(OTHERS) == "unicode"
    assert detect_encoding(["El niño está mañana en España", "Ü ö ä ß", "Ça va où?", "naïve façade"]) == "unicode"
    assert detect_encoding([]) == "unicode"
    assert detect_encoding(["", "abc", "· — ©"]) == "unicode"


@given(full_names)
def test_text_in_utf8_read_as_latin1_twice_comes_back(name: str) -> None:
    once = name.encode().decode("latin-1")
    twice = once.encode().decode("latin-1")
    assert normal_form(once).normal == name
    assert normal_form(twice).normal == name


@pytest.mark.parametrize(
    ("text", "normal", "repairs"),
    [
        ("NguyêÞn Vãn Hoàng", "Nguyễn Văn Hoàng", ("windows1258",)),
        ("TrâÌn Thiò Hoà", "Trần Thị Hoà", ("windows1258",)),
        ("Ðãòng Thiò Ðào", "Đặng Thị Đào", ("windows1258",)),
        ("Lê Thiò Ngoòc Ánh", "Lê Thị Ngọc Ánh", ("windows1258",)),
        ("HOÀNG THIò THUYì", "Hoàng Thị Thuý", ("windows1258", "case")),
        ("Nguyá»…n VÄƒn HoĂ\u00a0ng", "Nguyễn Văn Hoàng", ("mojibake",)),  # UTF-8 read as windows-1258
        ("Trýõng Výõng Lýu", "Trương Vương Lưu", ("windows1258",)),
        ("José Muñoz", "José Muñoz", ()),
        ("Þór Ólafsson", "Þór Ólafsson", ()),
        ("Nguyễn\u200bVăn\u200bAn", "Nguyễn Văn An", ("spaces",)),
        ("Nguy\u200bễn Văn An", "Nguyễn Văn An", ("invisible",)),
        ("\u200bNguyễn Văn An\u200b", "Nguyễn Văn An", ("invisible",)),
    ],
)
def test_code_pages_taken_for_each_other(text: str, normal: str, repairs: tuple[str, ...]) -> None:
    form = normal_form(text)
    assert (form.normal, form.repairs) == (normal, repairs)
    assert normal_form(form.normal).normal == form.normal


@given(full_names)
def test_windows_1258_read_as_1252_comes_back(name: str) -> None:
    form = normal_form(to_windows_1258(name).decode("cp1252"))
    if form.repairs[:1] == ("windows1258",):
        assert form.normal.casefold() == normal_form(name).normal.casefold()
