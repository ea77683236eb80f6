"""Personal numbers, CMND and telephone numbers."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError, Invalid
from dancu.kernel.numbers import (
    PROVINCES,
    PersonalId,
    classify,
    explain_number,
    normalize_phone,
    parse_cmnd,
    place_code_for,
    plain_digits,
    show_phone,
)


@pytest.mark.parametrize(
    "text",
    [
        "049190012345",
        "049 190 012 345",
        "049.190.012.345",
        " 0491 9001 2345\u00a0",
        "'049190012345",
        "０４９１９００１２３４５",
    ],
)
def test_numbers_are_read_however_they_are_grouped(text: str) -> None:
    assert PersonalId.parse(text).value == "049190012345"


def test_what_a_number_says() -> None:
    number = PersonalId.parse("049190012345")
    assert number.grouped() == "049 190 012 345"
    assert number.explain() == {
        "kind": "personal_id",
        "value": "049190012345",
        "grouped": "049 190 012 345",
        "place_code": "049",
        "place": "Quảng Nam",
        "place_note": "",
        "century_sex": 1,
        "sex": "female",
        "birth_year": 1990,
        "year_note": "",
        "serial": "012345",
    }


@pytest.mark.parametrize(
    ("digit", "sex", "year"),
    [
        ("0", "male", 1915),
        ("1", "female", 1915),
        ("2", "male", 2015),
        ("3", "female", 2015),
        ("5", "female", 2115),
        ("8", "male", 2315),
    ],
)
def test_century_and_sex(digit: str, sex: str, year: int) -> None:
    number = PersonalId.parse(f"001{digit}15000000")
    assert (number.sex, number.birth_year) == (sex, year)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "length"),
        ("04919001234", "length"),
        ("0491900123456", "length"),
        ("205123456", "length"),
        ("04919001234X", "digits"),
        ("04919001234O", "letters"),
        ("049-19001234x", "digits"),
        ("٠٤٩١٩٠٠١٢٣٤٥", "digits"),
        ("+49190012345", "digits"),
    ],
)
def test_refusals(text: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        PersonalId.parse(text)
    assert error.value.code == f"person.number.{code}"


def test_a_place_outside_the_63_is_no_error() -> None:
    number = PersonalId.parse("199190012345")
    assert number.place is None
    assert number.explain()["place_note"]
    assert len(PROVINCES) == 63


def test_place_codes_of_new_numbers_are_configured() -> None:
    assert place_code_for("49") == "049"
    assert place_code_for("48", {"48": "148"}) == "148"


def test_cross_checks_are_findings() -> None:
    number = PersonalId.parse("049190012345")
    assert number.cross_check("female", 1990) == ()
    assert number.cross_check() == ()
    assert number.cross_check("undetermined", None) == ()
    assert [f.code for f in number.cross_check("male", PartialDate(1991, 4))] == [
        "person.number.sex",
        "person.number.year",
    ]
    assert [f.code for f in number.cross_check(birth_year=date(1989, 12, 31))] == ["person.number.year"]


@given(
    st.integers(0, 999).map("{:03}".format),
    st.sampled_from(["male", "female"]),
    st.integers(1900, 2399),
    st.integers(0, 999_999),
)
def test_composed_numbers_say_what_they_were_made_of(place: str, sex: str, year: int, serial: int) -> None:
    number = PersonalId.compose(place, sex, year, serial)  # type: ignore[arg-type]
    again = PersonalId.parse(number.grouped())
    assert again == number
    assert (again.place_code, again.sex, again.birth_year, again.serial) == (place, sex, year, serial)
    assert number.cross_check(sex, year) == ()


@pytest.mark.parametrize(
    "parts",
    [
        ("49", "male", 1990, 1),
        ("0490", "male", 1990, 1),
        ("a49", "male", 1990, 1),
        ("049", "male", 1899, 1),
        ("049", "male", 2400, 1),
        ("049", "male", 1990, 1_000_000),
        ("049", "male", 1990, -1),
    ],
)
def test_parts_that_fit_no_number(parts: tuple[str, str, int, int]) -> None:
    with pytest.raises(Invalid):
        PersonalId.compose(*parts)  # type: ignore[arg-type]


def test_old_identity_cards_and_kinds() -> None:
    assert parse_cmnd("205 123 456") == "205123456"
    for text, code in (("20512345", "length"), ("20512345a", "digits")):
        with pytest.raises(Invalid) as error:
            parse_cmnd(text)
        assert error.value.code == f"person.cmnd.{code}"
    assert classify("205.123.456") == "cmnd"
    assert classify("049190012345") == "personal_id"
    assert classify("H'Hen") == classify("") == classify("12345678") == "unknown"
    assert explain_number("205123456") == {"kind": "cmnd", "value": "205123456", "grouped": "205 123 456"}
    with pytest.raises(Invalid, match=r"person\.number\.length"):
        explain_number("12")
    assert PersonalId.parse("096299012345").explain(today=date(2026, 1, 1))["year_note"]


@pytest.mark.parametrize(
    "text",
    [
        "0912345678",
        "+84 912 345 678",
        "84912345678",
        "+84 (0) 912345678",
        "912345678",
        "0912.345.678",
        "0084912345678",
        "０９１２３４５６７８",
    ],
)
def test_telephone_numbers(text: str) -> None:
    assert normalize_phone(text) == "+84912345678"
    assert show_phone("+84912345678") == "0912 345 678"


def test_a_number_that_begins_like_the_country_code() -> None:
    assert normalize_phone("0840123456") == "+84840123456"
    assert normalize_phone("0841234567") == "+84841234567"


@pytest.mark.parametrize("text", ["", "123", "+1 202 555 0100", "09123456789", "+912345678", "abc", "0012345678"])
def test_no_telephone_numbers(text: str) -> None:
    with pytest.raises(Invalid):
        normalize_phone(text)


@given(st.text(max_size=30))
def test_nothing_unexpected_is_raised(text: str) -> None:
    for read in (PersonalId.parse, parse_cmnd, normalize_phone, classify, explain_number):
        with suppress(DancuError):
            read(text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("49190012345.0", "49190012345"),  # a float: the zero in front is lost, none is won behind
        ("205123456,00", "205123456"),
        ("4.9190012345E+10", "49190012345"),
        ("049.190.012.345", "049190012345"),
        ("049190012345.", "049190012345"),
        ("4.919E+10", None),
        ("O49190012345", None),
    ],
)
def test_numbers_as_spreadsheets_write_them(written: str, meant: str | None) -> None:
    assert plain_digits(written) == meant


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4.919E+10", "person.number.rounded"),
        ("O49190012345", "person.number.letters"),
        ("0491900l2345", "person.number.letters"),
        ("B1234567", "person.number.digits"),
        ("49190012345.0", "person.number.length"),
    ],
)
def test_why_a_number_cannot_be_read(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        PersonalId.parse(text)
    assert caught.value.code == code
