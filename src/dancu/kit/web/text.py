"""Dates, times and numbers as people here write them. Filters and functions of every template."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from markupsafe import Markup

from dancu.kit.i18n import grouped

# Vietnam has kept UTC+7 without summer time since 1975, so no time-zone database is needed.
VIETNAM = timezone(timedelta(hours=7), "UTC+7")


def now() -> datetime:
    return datetime.now(UTC)


def date_vn(value: Any) -> str:
    """dd/mm/yyyy, the day as lived in Vietnam. None gives "". A partial date knows itself how to be
    written."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(VIETNAM)
    if isinstance(value, date):
        return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
    return str(value)


def time_vn(value: datetime | None) -> str:
    """hh:mm dd/mm/yyyy in Vietnam's time."""
    return "" if value is None else f"{value.astimezone(VIETNAM):%H:%M} {date_vn(value)}"


def group_number(value: str | None) -> Markup:
    """A number in groups of three that are set apart by style only: what is copied has no spaces."""
    if not value:
        return Markup()
    groups = [value[at : at + 3] for at in range(0, len(value), 3)]
    return Markup('<span class="num">{}</span>').format(
        Markup().join(Markup("<span>{}</span>").format(group) for group in groups)
    )


def count_vn(value: int | float) -> str:
    """1.234.567,8 in Vietnamese, 1,234,567.8 in English: 4.606 people would read as four and a half there."""
    return grouped(value)
