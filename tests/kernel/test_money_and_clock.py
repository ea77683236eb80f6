"""Amounts and time."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kernel.clock import TICK, SetClock, SystemClock, monotonic_after, vietnam_day
from dancu.kernel.errors import DancuError, Invalid
from dancu.kernel.money import Money


@pytest.mark.parametrize(
    "text",
    [
        "1.250.000 đ",
        "1,250,000 VND",
        "1250000",
        "1 250 000 đồng",
        "1.250.000\u00a0₫",
        "1.250.000VNĐ",
        "１２５００００",
    ],
)
def test_amounts_are_read(text: str) -> None:
    assert Money.parse(text) == Money(1_250_000)


@pytest.mark.parametrize("text", ["", "đ", "1.25", "12.5000", "1,250.000", "1e6", "-", "1.250.00 đ", "9" * 30])
def test_doubtful_amounts_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Money.parse(text)


def test_an_amount_is_shown_as_people_write_it() -> None:
    assert str(Money(1_250_000)) == "1.250.000\u00a0₫"
    assert str(Money(-500)) == "-500\u00a0₫"
    assert Money(2) + Money(3) - Money(1) == Money(2) * 2
    assert not Money(0)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_amounts_come_back(dong: int) -> None:
    assert Money.parse(str(Money(dong))) == Money(dong)


@given(st.text(max_size=20))
def test_no_text_raises_anything_unexpected(text: str) -> None:
    with suppress(DancuError):
        Money.parse(text)


def test_a_day_begins_at_midnight_in_vietnam() -> None:
    clock = SetClock(datetime(2023, 3, 1, 16, 59, tzinfo=UTC))
    assert clock.today() == date(2023, 3, 1)
    clock.advance(timedelta(minutes=1))
    assert clock.today() == date(2023, 3, 2)
    assert clock.now().tzinfo is UTC


def test_a_clock_takes_only_aware_instants() -> None:
    with pytest.raises(ValueError):
        SetClock(datetime(2023, 3, 1))  # noqa: DTZ001


def test_the_system_clock_is_aware_and_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert vietnam_day(now) in (SystemClock().today(), SystemClock().today() - timedelta(days=1))


@given(st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)), min_size=2))  # noqa: DTZ001
def test_recorded_time_always_moves_on(readings: list[datetime]) -> None:
    last: datetime | None = None
    for reading in [*readings, readings[-1]]:
        tick = monotonic_after(reading, last)
        assert last is None or tick >= last + TICK
        assert tick >= reading
        last = tick
