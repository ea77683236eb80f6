"""Working days in Vietnam: Monday to Friday without public holidays (Labour Code 2019, art. 112).

Fixed days by the solar calendar; Tết and the Hùng Kings' day move with the lunar one and stand here as data: the first
day of the lunar year and the tenth of its third month. The government settles each year which five days of Tết are
free; the usual choice (one day before, four from the first) is used, and substitute days for weekends are not known
here. Certainty: from memory, to be replaced by the yearly decision.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

_FIXED: Final = frozenset({(1, 1), (4, 30), (5, 1), (9, 1), (9, 2)})
_LUNAR_NEW_YEAR: Final = {
    2023: date(2023, 1, 22), 2024: date(2024, 2, 10), 2025: date(2025, 1, 29), 2026: date(2026, 2, 17),
    2027: date(2027, 2, 6), 2028: date(2028, 1, 26),
}  # fmt: skip
_HUNG_KINGS: Final = {
    2023: date(2023, 4, 29), 2024: date(2024, 4, 18), 2025: date(2025, 4, 7), 2026: date(2026, 4, 26),
    2027: date(2027, 4, 16), 2028: date(2028, 4, 4),
}  # fmt: skip


def is_working_day(day: date) -> bool:
    """Whether offices work on `day`, as far as the data above say."""
    if day.weekday() >= 5 or (day.month, day.day) in _FIXED or day == _HUNG_KINGS.get(day.year):
        return False
    new_year = _LUNAR_NEW_YEAR.get(day.year)
    return new_year is None or not new_year - timedelta(days=1) <= day <= new_year + timedelta(days=3)


def holidays(first: date, last: date) -> list[date]:
    """Public holidays from `first` to `last`, both included, that are no weekend; as far as the data above say."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and not is_working_day(day)]


def add_working_days(start: date, count: int) -> date:
    """The `count`-th working day after `start`; the day of receipt does not count (Civil Code 2015, art. 147)."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            count -= 1
    return day
