"""Working days in Vietnam: Monday to Friday without public holidays (Labour Code 2019, art. 112), with the day after in place of
a holiday that falls on a weekend (art. 111.3).

Fixed days by the solar calendar; Tết and the Hùng Kings' day move with the lunar one and stand here as data: the first day of
the lunar year and the tenth of its third month. What the government settles year by year stands beside: whether Tết begins one
day before the first (the usual choice) or two, which neighbour of National Day is free, and days swapped for a Saturday.
Certainty: years up to 2026 from memory of the announcements, later ones the usual choice, to be replaced by the yearly
decision. 24/11 (Resolution 80-NQ/TW of 2026) is left out until the act is seen: a term a day too short harms nobody.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

_FIXED: Final = ((1, 1), (4, 30), (5, 1), (9, 2))
_LUNAR_NEW_YEAR: Final = {
    2023: date(2023, 1, 22), 2024: date(2024, 2, 10), 2025: date(2025, 1, 29), 2026: date(2026, 2, 17),
    2027: date(2027, 2, 6), 2028: date(2028, 1, 26),
}  # fmt: skip
_HUNG_KINGS: Final = {
    2023: date(2023, 4, 29), 2024: date(2024, 4, 18), 2025: date(2025, 4, 7), 2026: date(2026, 4, 26),
    2027: date(2027, 4, 16), 2028: date(2028, 4, 4),
}  # fmt: skip
_TET_DAYS: Final = 5
_TWO_DAYS_BEFORE_TET: Final = frozenset({2023, 2024, 2025})
_DAY_AFTER_NATIONAL_DAY: Final = frozenset({2024})
# Free weekday -> the Saturday worked for it by who serves the public.
_SWAPPED: Final = {
    date(2024, 4, 29): date(2024, 5, 4), date(2025, 5, 2): date(2025, 4, 26), date(2026, 1, 2): date(2026, 1, 10),
    date(2026, 8, 31): date(2026, 8, 22),
}  # fmt: skip
_WORKED: Final = frozenset(_SWAPPED.values())


def is_working_day(day: date) -> bool:
    """Whether offices work on `day`, as far as the data above say."""
    return day in _WORKED or (day.weekday() < 5 and day not in _free(day.year))


@lru_cache(maxsize=64)
def _free(year: int) -> frozenset[date]:
    """Days of a year that are no working days though some are weekdays: holidays, what stands in for them, what is swapped."""
    days = [date(year, month, day) for month, day in _FIXED]
    days.append(date(year, 9, 3 if year in _DAY_AFTER_NATIONAL_DAY else 1))
    if kings := _HUNG_KINGS.get(year):
        days.append(kings)
    if first := _LUNAR_NEW_YEAR.get(year):
        begins = first - timedelta(days=2 if year in _TWO_DAYS_BEFORE_TET else 1)
        days += [begins + timedelta(days=n) for n in range(_TET_DAYS)]
    free = set(days)
    for lost in sorted(day for day in days if day.weekday() >= 5):
        instead = lost
        while instead.weekday() >= 5 or instead in free:
            instead += timedelta(days=1)
        free.add(instead)
    return frozenset(free | {day for day in _SWAPPED if day.year == year})


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
