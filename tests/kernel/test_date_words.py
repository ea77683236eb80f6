"""Dates in words, read and written."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel.dates import PartialDate, cross_check_words, parse_words, to_words
from dancu.kernel.errors import Invalid
from dancu.kernel.names import fold_ascii


@pytest.mark.parametrize(
    ("words", "iso"),
    [
        ("Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi", "1990-04-12"),
        ("ngay muoi hai thang tu nam mot nghin chin tram chin muoi", "1990-04-12"),
        ("NGÀY MƯỜI HAI, THÁNG TƯ, NĂM MỘT NGHÌN CHÍN TRĂM CHÍN MƯƠI", "1990-04-12"),
        ("mồng năm tháng năm năm hai nghìn không trăm linh năm", "2005-05-05"),
        ("mùng năm tháng năm năm hai ngàn không trăm lẻ năm", "2005-05-05"),
        ("Ngày hai mươi nhăm tháng mười một năm hai không không chín", "2009-11-25"),
        ("Ngày hai mươi lăm tháng mười một năm hai không không chín", "2009-11-25"),
        ("Ngày hai mươi năm tháng mười một năm hai không không chín", "2009-11-25"),
        ("hai mươi mốt tháng chạp năm một ngàn chín trăm tám mươi lăm", "1985-12-21"),
        ("hai mươi bốn tháng bốn năm một chín tám tư", "1984-04-24"),
        ("tháng giêng năm hai nghìn lẻ chín", "2009-01"),
        ("năm một chín chín năm", "1995"),
        ("Năm một nghìn chín trăm", "1900"),
        ("hai nghìn mười hai", "2012"),
        ("tháng ba năm hai nghìn không trăm chín", "2009-03"),
        ("ngày ba mươi mốt tháng mười hai năm hai nghìn", "2000-12-31"),
        ("mười hai tháng tư một nghìn chín trăm chín mươi", "1990-04-12"),  # "ngày" and "năm" left out
        ("ngày mười hai tư năm một nghìn chín trăm chín mươi", "1990-04-12"),  # "tháng" left out
        ("một ngàn chín chín mươi", "1990"),  # "trăm" left out
        ("một chín trăm chín mươi", "1990"),  # "nghìn" left out
        ("hai mươi tháng mười một chín chín năm", "1995-10-20"),
        ("Ngày 12 tháng tư năm 1990", "1990-04-12"),
        ("rằm tháng bảy năm một chín bảy năm", "1975-07-15"),
        ("mười lăm tháng mười năm một nghìn chín trăm bốn lăm", "1945-10-15"),
        ("ngày tám tháng ba năm chín mươi tám", "1998-03-08"),
        ("ngày bẩy tháng bảy năm một nghìn chín trăm bảy bảy", "1977-07-07"),
    ],
)
def test_variants(words: str, iso: str) -> None:
    assert str(parse_words(words)) == iso


@pytest.mark.parametrize(
    "words",
    [
        "",
        "ngày",
        "tháng sáu",
        "tháng năm",
        "một nghìn chín trăm chín",  # 1909 or 1990
        "ngày ba mươi tháng hai năm hai nghìn",
        "ngày ba mươi hai tháng một năm hai nghìn",
        "tháng mười ba năm hai nghìn",
        "năm ba nghìn không trăm linh một",
        "xin chào",
        "một " * 50,
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(words: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_words(words)
    assert error.value.code == "date.words"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (PartialDate(1990, 4, 12), "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi"),
        (PartialDate(2005, 11, 21), "Ngày hai mươi mốt tháng mười một năm hai nghìn không trăm linh năm"),
        (PartialDate(1984, 10, 15), "Ngày mười lăm tháng mười năm một nghìn chín trăm tám mươi tư"),
        (PartialDate(2014, 5), "Tháng năm năm hai nghìn không trăm mười bốn"),
        (PartialDate(2000), "Năm hai nghìn"),
    ],
)
def test_writing(day: PartialDate, words: str) -> None:
    assert to_words(day) == words


def test_every_day_of_two_centuries_comes_back() -> None:
    day = date(1900, 1, 1)
    while day.year <= 2100:
        partial = PartialDate.of(day)
        assert parse_words(to_words(partial)) == partial
        if day.day == 1:
            month = PartialDate(day.year, day.month)
            assert parse_words(to_words(month)) == month
            year = PartialDate(day.year)
            assert parse_words(fold_ascii(to_words(year))) == year
        day += timedelta(days=1)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.randoms())
def test_spelling_variants_mean_the_same_day(day: date, random: object) -> None:
    words = to_words(PartialDate.of(day))
    swaps = [
        ("nghìn", "ngàn"),
        ("linh", "lẻ"),
        ("lăm", "nhăm"),
        ("tháng một ", "tháng giêng "),
        ("bảy", "bẩy"),
    ]
    for old, new in swaps:
        if random.random() < 0.5:  # type: ignore[attr-defined]
            words = words.replace(old, new)
    assert parse_words(words) == PartialDate.of(day)
    assert parse_words(fold_ascii(words)) == PartialDate.of(day)
    # The word "năm" before the year may be missing: what is read then is right, or nothing is.
    without = re.sub(r" năm (?=(?:một|hai) nghìn|(?:một|hai) ngàn)", " ", words)
    with suppress(Invalid):
        assert parse_words(without) == PartialDate.of(day)


_VOCABULARY = """
ngày tháng năm mùng một hai ba bốn tư lăm sáu bảy tám chín mười mươi mốt trăm nghìn linh không giêng chạp 12
1990
"""


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(_VOCABULARY.split()), max_size=14).map(" ".join)))
@settings(max_examples=300)
def test_nothing_unexpected_is_raised(words: str) -> None:
    with suppress(Invalid):
        assert parse_words(words).year in range(1800, 2200)


@pytest.mark.parametrize(
    ("day", "words", "codes"),
    [
        (PartialDate(1990, 4, 12), "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi", []),
        (PartialDate(1990, 4, 13), "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi", ["day"]),
        (PartialDate(1990, 5, 12), "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi", ["month"]),
        (PartialDate(1991, 4, 12), "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi", ["year"]),
        (PartialDate(1990, 4), "Ngày mười hai tháng tư năm một nghìn chín trăm chín mươi", ["day_missing"]),
        (PartialDate(1990, 4, 12), "tháng tư năm một nghìn chín trăm chín mươi", ["day_missing"]),
        (PartialDate(1990, 4, 12), "không rõ", ["unreadable"]),
    ],
)
def test_digits_against_words(day: PartialDate, words: str, codes: list[str]) -> None:
    findings = cross_check_words(day, words)
    assert [finding.code for finding in findings] == [f"date.words.{code}" for code in codes]
    assert all("{" not in finding.text() for finding in findings)
