"""Dates in the notations of the field."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel.dates import PartialDate, parse_date, parsing
from dancu.kernel.errors import DancuError, Invalid

WANTED = "1990-05-03"


@pytest.mark.parametrize(
    ("text", "iso", "notation", "codes"),
    [
        ("03/05/1990", WANTED, "dmy", ""),
        ("3/5/1990", WANTED, "dmy", ""),
        ("3-5-1990", WANTED, "dmy", ""),
        ("03.05.1990", WANTED, "dmy", ""),
        ("03 05 1990", WANTED, "dmy", ""),
        (" 03 / 05 / 1990 ", WANTED, "dmy", ""),
        ("０３/０５/１９９０", WANTED, "dmy", ""),
        ("03\u201305\u20131990", WANTED, "dmy", ""),
        ("03/05/1990.", WANTED, "dmy", ""),
        ("1990-05-03", WANTED, "ymd", ""),
        ("1990/5/3", WANTED, "ymd", ""),
        ("1990-05-03 00:00:00", WANTED, "ymd", ""),
        ("1990-05-03T00:00:00", WANTED, "ymd", ""),
        ("03/05/1990 12:00:00 AM", WANTED, "dmy", ""),
        ("1990-05-02T17:00:00Z", WANTED, "date", "zone"),
        ("1990-05-03T00:00:00+07:00", WANTED, "date", ""),
        ("03051990", WANTED, "ddmmyyyy", ""),
        ("3051990", WANTED, "ddmmyyyy", "lost_zero"),
        ("19900503", WANTED, "yyyymmdd", ""),
        ("ngày 3 tháng 5 năm 1990", WANTED, "said", ""),
        ("Ngày 03, tháng 05, năm 1990", WANTED, "said", ""),
        ("3 tháng 5, 1990", WANTED, "said", ""),
        ("mùng 3 tháng giêng năm 1990", "1990-01-03", "words", ""),
        ("Ngày ba tháng năm năm một nghìn chín trăm chín mươi", WANTED, "words", ""),
        ("Sinh ngày 03/05/1990", WANTED, "dmy", ""),
        ("Thứ năm, ngày 03/05/1990", WANTED, "dmy", ""),
        ("05/1990", "1990-05", "my", ""),
        ("5-1990", "1990-05", "my", ""),
        ("T5/1990", "1990-05", "my", ""),
        ("1990-05", "1990-05", "ym", ""),
        ("051990", "1990-05", "my", ""),
        ("199005", "1990-05", "ym", ""),
        ("tháng 5 năm 1990", "1990-05", "said", ""),
        ("3 thg 5, 1990", WANTED, "said", ""),
        ("hồi 7 giờ 30 phút, ngày 3/5/1990", WANTED, "dmy", ""),
        ("Thu May 03 00:00:00 ICT 1990", WANTED, "month_name", ""),
        ("1990", "1990", "y", ""),
        ("1990.0", "1990", "y", ""),
        ("năm 1990", "1990", "y", ""),
        ("sinh năm 1990", "1990", "y", ""),
        ("khoảng 1950", "1950", "y", "approximate"),
        ("khoảng năm 1950", "1950", "y", "approximate"),
        ("~1950", "1950", "y", "approximate"),
        ("1950?", "1950", "y", "approximate"),
        ("00/00/1950", "1950", "dmy", "part_unknown"),
        ("--/--/1950", "1950", "dmy", "part_unknown"),
        ("__/__/1950", "1950", "dmy", "part_unknown"),
        ("../../1950", "1950", "dmy", "part_unknown"),
        ("xx/xx/1950", "1950", "dmy", "part_unknown"),
        ("00/05/1950", "1950-05", "dmy", "part_unknown"),
        ("3/00/1950", "1950", "dmy", "part_unknown"),
        ("1950-00-00", "1950", "ymd", "part_unknown"),
        ("00001950", "1950", "ddmmyyyy", "part_unknown"),
        ("19500000", "1950", "yyyymmdd", "part_unknown"),
        ("01/13/1990", "1990-01-13", "dmy", "swapped"),
        ("12/13/1990", "1990-12-13", "dmy", "swapped"),
        ("1990-13-01", "1990-01-13", "ymd", "swapped"),
        ("03/05/90", WANTED, "dmy", "century"),
        ("03/05/15", "2015-05-03", "dmy", "century"),
        ("030590", WANTED, "ddmmyy", "century"),
        ("201205", "2005-12-20", "ddmmyy", "ambiguous century"),
        ("32996", WANTED, "serial", "serial"),
        ("32996.0", WANTED, "serial", "serial"),
        ("32996.75", WANTED, "serial", "serial"),
        ("o3/o5/199O", WANTED, "dmy", "misread"),
        ("l5/1l/1990", "1990-11-15", "dmy", "misread"),
        ("03-May-1990", WANTED, "month_name", ""),
        ("May 3, 1990", WANTED, "month_name", ""),
        ("03/05/1990 (âm lịch)", WANTED, "dmy", "lunar"),
        ("ngày ba tháng năm năm một nghìn chín trăm chín mươi (âm lịch)", WANTED, "words", "lunar"),
        ("rằm tháng giêng năm 1990 (âm lịch)", "1990-01-15", "words", "lunar"),
        ("rằm tháng tám năm 1990", "1990-08-15", "words", "lunar"),
        ("03/V/1990", WANTED, "dmy", ""),
        ("3 - XII - 1985", "1985-12-03", "dmy", ""),
        ("03/05/2990", "2990-05-03", "dmy", "implausible"),
        ("29/02/2000", "2000-02-29", "dmy", ""),
    ],
)
def test_notations(text: str, iso: str, notation: str, codes: str) -> None:
    parsed = parse_date(text)
    assert (str(parsed.date), parsed.notation) == (iso, notation)
    assert [finding.code for finding in parsed.findings] == [f"date.{code}" for code in codes.split()]


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        (32996, WANTED),
        (32996.0, WANTED),
        (1990, "1990"),
        (1990.0, "1990"),
        (19900503, WANTED),
        (3051990, WANTED),
        (date(1990, 5, 3), WANTED),
        (datetime(1990, 5, 3), WANTED),  # noqa: DTZ001 - what spreadsheet readers give
        (datetime(1990, 5, 2, 17, tzinfo=UTC), WANTED),
    ],
)
def test_what_spreadsheet_readers_give(value: int | float | date, iso: str) -> None:
    assert str(parse_date(value).date) == iso


@pytest.mark.parametrize(
    "text", ["31/02/1990", "29/02/1999", "32/01/1990", "31/04/2000", "1990-02-30", "40/40/1990", "12345678"]
)
def test_impossible_dates_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_date(text)
    assert error.value.code == "date.impossible"


@pytest.mark.parametrize("text", ["", "  ", "-", "//", "không rõ", "Chưa rõ", "NULL", "00/00/0000", "0", "\u00a0"])
def test_no_date_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_date(text)
    assert error.value.code == "date.empty"


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "5/90",
        "1",
        "123",
        "٠٣/٠٥/١٩٩٠",
        "03/05",
        "1950-1951",
        "1990-05-03x",
        "x" * 500,
        float("nan"),
        float("inf"),
        -5,
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_date(text)
    assert error.value.code in ("date.format", "date.empty")


def test_options() -> None:
    assert str(parse_date("03/05/15", two_digit_century=1900).date) == "1915-05-03"
    assert str(parse_date("03/05/1990", order="mdy").date) == "1990-03-05"
    swapped = parse_date("13/05/1990", order="mdy")
    assert str(swapped.date) == "1990-05-13"
    assert [finding.code for finding in swapped.findings] == ["date.swapped"]


_days = st.dates(date(1850, 1, 1), date(2100, 12, 31))


@given(
    _days,
    st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%d%m%Y", "%Y%m%d", "%Y/%m/%d 00:00:00"]),
)
def test_every_day_comes_back_from_every_notation(day: date, notation: str) -> None:
    parsed = parse_date(day.strftime(notation))
    assert parsed.date.full() == day
    assert parsed.findings == ()


@given(st.dates(date(1927, 6, 1), date(2100, 12, 31)))
def test_serial_numbers_come_back(day: date) -> None:
    assert parse_date((day - date(1899, 12, 30)) // timedelta(days=1)).date == PartialDate.of(day)


@given(_days, st.sampled_from([1, 2, 3]))
def test_its_own_two_forms_are_read(day: date, parts: int) -> None:
    partial = PartialDate(*(day.year, day.month, day.day)[:parts])
    assert parse_date(partial.vi()).date == partial
    assert parse_date(str(partial)).date == partial


@given(
    st.one_of(
        st.text(max_size=30),
        st.text("0123456789/-. :TZx?~ngàythámnăoôkh()", max_size=25),
        st.integers(),
        st.floats(),
        st.datetimes(),
        st.datetimes(timezones=st.just(UTC)),
    )
)
@settings(max_examples=500)
def test_nothing_unexpected_is_raised(value: str | int | float | datetime) -> None:
    with suppress(DancuError):
        parsed = parse_date(value)
        assert 1 <= parsed.date.year <= 9999
        assert all("{" not in finding.text() for finding in parsed.findings)


@given(st.integers(0, 39), st.integers(0, 19), st.integers(1840, 2110))
def test_what_is_written_plainly_is_read_as_by_the_notations(day: int, month: int, year: int) -> None:
    """The short way past the notations says what they say, the impossible too."""
    text = f"{day:02}/{month:02}/{year}"
    try:
        expected: object = parsing._parse_text(text, None, "dmy")
    except Invalid as error:
        expected = error.code
    try:
        found: object = parse_date(text)
    except Invalid as error:
        found = error.code
    assert found == expected


@pytest.mark.parametrize(
    ("text", "iso", "codes"),
    [
        ("Giáp Thìn 1964", "1964", ""),
        ("1964 (Giap Thin)", "1964", ""),
        ("năm Kỷ Tỵ (1989)", "1989", ""),
        ("tuổi Tý 1960", "1960", ""),
        ("15/01/1965 Giáp Thìn", "1965-01-15", ""),  # before Tết the old year goes on
        ("1965 Giáp Thìn", "1965", "date.cycle"),
        ("ngày 5 tháng 3 năm Giáp Thìn 1964", "1964-03-05", "date.lunar"),
        ("năm Kỷ Tỵ một nghìn chín trăm tám mươi chín", "1989", ""),
    ],
)
def test_a_year_by_stem_and_branch_checks_the_year_in_digits(text: str, iso: str, codes: str) -> None:
    read = parse_date(text)
    assert (str(read.date), " ".join(f.code for f in read.findings)) == (iso, codes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("năm Giáp Thìn", "date.cycle_alone"),
        ("tuổi Tý", "date.cycle_alone"),
        ("15/4 Kỷ Tỵ", "date.cycle_alone"),
        ("Giáp Sửu", "date.cycle_none"),
    ],
)
def test_a_year_by_stem_and_branch_alone_is_not_guessed(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_date(text)
    assert refused.value.code == code


@given(st.integers(1900, 2030))
def test_stem_and_branch_of_every_year(year: int) -> None:
    stems = ["Canh", "Tân", "Nhâm", "Quý", "Giáp", "Ất", "Bính", "Đinh", "Mậu", "Kỷ"]
    branches = ["Thân", "Dậu", "Tuất", "Hợi", "Tý", "Sửu", "Dần", "Mão", "Thìn", "Tỵ", "Ngọ", "Mùi"]
    said = f"{stems[year % 10]} {branches[year % 12]}"
    assert not parse_date(f"{said} {year}").findings
    assert [f.code for f in parse_date(f"{said} {year + 1}").findings] == ["date.cycle"]


def test_what_is_read_at_first_sight_is_read_as_by_looking_closely() -> None:
    closely = parsing._parse_text.__wrapped__
    days, months = ("0", "1", "01", "9", "28", "29", "30", "31", "32"), ("0", "2", "02", "4", "10", "12", "13")
    ways = ("{d}/{m}/{y}", "{d}.{m}.{y}", "{d}-{m}-{y}", "{d}-{m}/{y}", "{y}-{m}-{d}", "{d}{m}{y}", "{m}/{y}", "{y}", "ngày {d} tháng {m} năm {y}")
    at_sight = 0
    for text in sorted({way.format(d=d, m=m, y=y) for way in ways for d in days for m in months for y in ("1899", "1900", "2000", "2023")}):
        said = []
        for read in (parse_date, lambda text: closely(text, None, "dmy")):
            try:
                said.append(read(text))
            except Invalid as error:
                said.append(error.code)
        assert said[0] == said[1], text
        at_sight += parsing._PLAIN.fullmatch(text) is not None
    assert at_sight > 200
