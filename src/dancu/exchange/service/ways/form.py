"""What a counter typed, read as numbers, names and days."""

from __future__ import annotations

from datetime import date

from dancu.exchange.models.residence import Asked
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.i18n import N_
from dancu.population import service as population


def number_of(asked: Asked) -> str:
    if not asked.number:
        lacks("number", N_("Hãy nhập số định danh."))
    try:
        population.check_number(asked.number)
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError("number", error.code, error.message),)) from error
    return "".join(ch for ch in asked.number if ch.isdigit())


def declared_of(asked: Asked) -> dict[str, str]:
    told = {}
    if asked.name.strip():
        told["name"] = asked.name.strip()
    if asked.birth.strip():
        told["birth"] = str(_partial("birth", asked.birth))
    return told


def _partial(field: str, text: str) -> PartialDate:
    try:
        return parse_date(text).date
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError(field, error.code, error.message),)) from error


def day_of(field: str, text: str) -> date:
    day = _partial(field, text).full() if text.strip() else None
    if day is None:
        lacks(field, N_("Hãy nhập đủ ngày, tháng, năm. Ví dụ: 31/12/2022."))
        raise AssertionError
    return day


def lacks(field: str, message: str) -> None:
    raise Invalid("form.invalid", message, fields=(FieldError(field, f"residence.{field}", message),))
