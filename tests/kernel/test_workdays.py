"""Working days as the announcements of past years had them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dancu.kernel.workdays import add_working_days, holidays, is_working_day


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2022, 12, 31), date(2023, 1, 2)),  # New Year on a Sunday
        (date(2023, 1, 20), date(2023, 1, 26)),
        (date(2023, 4, 29), date(2023, 5, 3)),  # the Kings' day and 30/4 on a weekend, two days in their place
        (date(2023, 9, 1), date(2023, 9, 4)),
        (date(2024, 2, 8), date(2024, 2, 14)),
        (date(2024, 4, 27), date(2024, 5, 1)),  # with a day swapped for Saturday 4/5
        (date(2024, 8, 31), date(2024, 9, 3)),
        (date(2025, 1, 25), date(2025, 2, 2)),
        (date(2026, 2, 14), date(2026, 2, 22)),
        (date(2026, 4, 25), date(2026, 4, 27)),
        (date(2026, 8, 29), date(2026, 9, 2)),
    ],
)
def test_offices_are_closed_for_the_whole_holiday_and_no_day_longer(first, last):
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert not any(is_working_day(day) for day in days)
    assert is_working_day(last + timedelta(days=1))
    assert is_working_day(first - timedelta(days=1)) or (first - timedelta(days=1)).weekday() >= 5


def test_a_saturday_is_worked_where_a_weekday_was_swapped_for_it():
    assert is_working_day(date(2026, 8, 22))
    assert not is_working_day(date(2026, 8, 15))
    assert holidays(date(2026, 8, 24), date(2026, 9, 4)) == [date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)]


def test_a_term_runs_over_tet():
    assert add_working_days(date(2025, 1, 24), 1) == date(2025, 2, 3)
    assert add_working_days(date(2026, 2, 13), 2) == date(2026, 2, 24)
