"""Partial dates and their three-valued comparison."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kernel.dates import Answer, PartialDate
from dancu.kernel.errors import DancuError, Invalid

full_dates = st.dates(date(1, 1, 1), date(9999, 12, 31))
partial_dates = st.builds(
    lambda day, parts: PartialDate(*(day.year, day.month, day.day)[:parts]), full_dates, st.integers(1, 3)
)
near = st.builds(
    lambda day, parts: PartialDate(*(day.year, day.month, day.day)[:parts]),
    st.dates(date(1990, 1, 1), date(1991, 12, 31)),
    st.integers(1, 3),
)


@given(partial_dates)
def test_text_round_trip(day: PartialDate) -> None:
    assert PartialDate.from_iso(str(day)) == day


@pytest.mark.parametrize(
    ("day", "iso", "vietnamese"),
    [
        (PartialDate(1990, 5, 3), "1990-05-03", "03/05/1990"),
        (PartialDate(2015, 3), "2015-03", "03/2015"),
        (PartialDate(1950), "1950", "1950"),
    ],
)
def test_the_two_forms(day: PartialDate, iso: str, vietnamese: str) -> None:
    assert (str(day), day.vi()) == (iso, vietnamese)


@pytest.mark.parametrize(
    "parts", [(1990, 13), (1990, 2, 30), (1999, 2, 29), (0,), (10000,), (1990, None, 3), (1990, 0)]
)
def test_impossible_parts_are_refused(parts: tuple[int, ...]) -> None:
    with pytest.raises(Invalid) as error:
        PartialDate(*parts)
    assert error.value.code == "date.impossible"


@pytest.mark.parametrize("text", ["", "1990-5", "03/05/1990", "19900503", "1990-05-03x", "１９９０", "90"])
def test_only_iso_is_read_as_iso(text: str) -> None:
    with pytest.raises(Invalid):
        PartialDate.from_iso(text)


@given(near, near)
def test_before_says_what_holds_of_every_day_they_can_be(one: PartialDate, other: PartialDate) -> None:
    def days(part: PartialDate) -> range:
        return range(part.earliest().toordinal(), part.latest().toordinal() + 1)

    ones, others = days(one), days(other)
    expected = Answer.YES if ones[-1] < others[0] else Answer.NO if ones[0] >= others[-1] else Answer.UNKNOWN
    assert one.before(other) == expected
    assert other.after(one) == expected
    overlap = set(ones) & set(others)
    same = Answer.NO if not overlap else Answer.YES if len(ones) == len(others) == 1 else Answer.UNKNOWN
    assert one.same(other) == same
    assert one.same(other) == other.same(one)
    assert one.agrees(other) == bool(overlap)


def test_dates_have_no_order_and_answers_no_truth() -> None:
    with pytest.raises(TypeError):
        _ = PartialDate(1990) < PartialDate(1991)  # type: ignore[operator]
    with pytest.raises(TypeError):
        bool(PartialDate(1990).before(PartialDate(1991)))


def test_opposite_answers() -> None:
    assert ~Answer.YES == Answer.NO
    assert ~Answer.NO == Answer.YES
    assert ~Answer.UNKNOWN == Answer.UNKNOWN


def test_age_of_a_person_with_only_a_year() -> None:
    born = PartialDate(2009)
    assert born.age_on(date(2023, 6, 1)) == (13, 14)
    assert born.aged(14, on=date(2023, 6, 1)) == Answer.UNKNOWN
    assert born.aged(14, on=date(2023, 12, 31)) == Answer.YES
    assert born.aged(15, on=date(2023, 12, 31)) == Answer.NO


@given(full_dates.filter(lambda d: d.year < 9000), st.integers(0, 40_000))
def test_age_of_a_person_with_a_full_date_is_one_number(born: date, days: int) -> None:
    least, greatest = PartialDate.of(born).age_on(born + timedelta(days=days))
    assert least == greatest >= 0


@given(st.text(max_size=12))
def test_from_iso_raises_nothing_unexpected(text: str) -> None:
    with suppress(DancuError):
        PartialDate.from_iso(text)
